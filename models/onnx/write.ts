import protobuf from 'protobufjs';

/** The part of the ONNX format (onnx.proto3, https://onnx.ai) that writing a model needs. */
const SCHEMA = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; } Tensor tensor_type = 1; }
message TensorShapeProto { message Dimension { int64 dim_value = 1; string dim_param = 2; } repeated Dimension dim = 1; }
`;

const ELEMENT_TYPES = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

export interface OnnxTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

/** An input or output; a string is a dimension that is known at run time only. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A number with a fraction must be given as `{ float }`, as 1 is an integer otherwise. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: Readonly<Record<string, OnnxTensor>>;
  readonly nodes: readonly OnnxNode[];
}

const IR_VERSION = 8;
const OPSET = 17;

/** The bytes of an ONNX file. The same model always gives the same bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const type = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('ModelProto');
  const message = type.fromObject({
    ir_version: IR_VERSION,
    producer_name: 'etiquette',
    opset_import: [{ domain: '', version: OPSET }],
    graph: {
      name: model.name,
      node: model.nodes.map(({ op, inputs, outputs, attributes = {} }) => ({
        op_type: op,
        name: outputs[0],
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(attributeOf),
      })),
      initializer: Object.entries(model.constants).map(([name, { type: kind, shape, data }]) => ({
        name,
        dims: shape,
        data_type: ELEMENT_TYPES[kind],
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: model.inputs.map(describeValue),
      output: model.outputs.map(describeValue),
    },
  });
  return type.encode(message).finish();
}

function describeValue({ name, type, shape }: OnnxValue) {
  const dim = shape.map((side) => (typeof side === 'string' ? { dim_param: side } : { dim_value: side }));
  return { name, type: { tensor_type: { elem_type: ELEMENT_TYPES[type], shape: { dim } } } };
}

function attributeOf([name, value]: [string, OnnxAttribute]) {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}
