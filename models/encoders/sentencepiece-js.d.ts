/** The package brings no types; only what is used here. */
declare module '@agnai/sentencepiece-js' {
  /** SentencePiece's own C++, compiled to WebAssembly. */
  export class SentencePieceProcessor {
    /** Says nothing when the file is no model: encodeIds then gives no ids at all. */
    load(file: string): Promise<void>;
    encodeIds(text: string): number[];
  }
}
