import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import { contentOf, copyIn, outputOf, type SourceFile } from './content.ts';
import { createDvc, type DvcOptions } from './dvc.ts';
import { handOver, holdsVersion } from './hand-over.ts';
import { listRecords, readRecord, type VersionOutput, type VersionRecord, writeRecord } from './record.ts';

export interface NewVersion
  extends Pick<VersionRecord, 'version' | 'kind' | 'from' | 'workflowId' | 'runId'> {
  readonly files: readonly SourceFile[];
}

export interface VersionStore {
  /** The remote as people know it. */
  readonly remote: string;
  /**
   * Brings a version's files into DVC's cache and writes pointers and record. A version that is there already is
   * left alone: its name stands for its content.
   * @throws EtiquetteError VERSION_SOURCE_CHANGED, DVC_*
   */
  add(version: NewVersion, signal: AbortSignal): Promise<{ reused: boolean }>;
  /** Sends a version to the remote, unless it has it. @throws EtiquetteError VERSION_UNKNOWN, DVC_* */
  push(version: string, signal: AbortSignal): Promise<{ reused: boolean }>;
  /**
   * Writes a version's files into a folder that is new or empty; one that holds exactly them is left alone.
   * @throws EtiquetteError VERSION_UNKNOWN, VERSION_DAMAGED, FOLDER_NOT_EMPTY, DVC_*
   */
  pull(version: string, folder: string, signal: AbortSignal): Promise<VersionRecord>;
  find(version: string): Promise<VersionRecord | null>;
  /** Oldest first. */
  list(): Promise<VersionRecord[]>;
  /** Versions that the remote does not have, as far as is known. */
  pending(): Promise<VersionRecord[]>;
}

/**
 * Every version of data and models that ever was, in DVC's repository: `versions/<version>/*.dvc` are DVC's own
 * pointers, `versions/<version>.json` says what they are. The files themselves are in DVC's cache and remote.
 */
export function createVersionStore(options: DvcOptions): VersionStore {
  const dvc = createDvc(options);
  const { directory } = options;
  const folder = join(directory, 'versions');

  const known = async (version: string) => {
    const record = await readRecord(folder, version);
    if (record) return record;
    throw new EtiquetteError(
      'VERSION_UNKNOWN',
      `There is no version "${version}". "npm run data -- list" names them.`,
    );
  };
  const hasIt = ({ pushes }: VersionRecord) => pushes.some(({ remote }) => remote === dvc.remote);
  const target = (version: string, output: string) => `versions/${version}/${output}`;
  const removeFiles = async (version: string, outputs: readonly string[]) => {
    for (const output of outputs) await rm(join(folder, version, output), { recursive: true, force: true });
  };

  return {
    remote: dvc.remote,
    find: (version) => readRecord(folder, version),
    list: () => listRecords(folder),
    pending: async () => (await listRecords(folder)).filter((record) => !hasIt(record)),

    async add({ files, ...about }, signal) {
      const { version } = about;
      if (await readRecord(folder, version)) return { reused: true };
      const names = [...new Set(files.map(({ path }) => outputOf(path)))].sort();
      await removeFiles(version, names);
      await copyIn(join(folder, version), files, signal);
      const contents = await Promise.all(names.map((name) => contentOf(join(folder, version, name), signal)));
      await dvc.run(['add', ...names.map((name) => target(version, name))], signal);
      const outputs: VersionOutput[] = [];
      for (const [place, path] of names.entries()) {
        const content = contents[place];
        const pointer = await readPointer(join(folder, version, `${path}.dvc`));
        if (content?.bytes !== pointer.bytes || content.files !== pointer.files) {
          throw new EtiquetteError(
            'VERSION_DISTURBED',
            `Another process was at work on ${version}. Try again.`,
            {
              retryable: true,
            },
          );
        }
        outputs.push({ path, ...content, md5: pointer.md5 });
        await appendFile(join(folder, version, `${path}.dvc`), pointerNote(about));
      }
      await writeRecord(folder, { format: 1, ...about, at: new Date().toISOString(), outputs, pushes: [] });
      await removeFiles(version, names);
      return { reused: false };
    },

    async push(version, signal) {
      const record = await known(version);
      if (hasIt(record)) return { reused: true };
      await dvc.run(['push', ...record.outputs.map(({ path }) => `${target(version, path)}.dvc`)], signal);
      const push = { remote: dvc.remote, at: new Date().toISOString() };
      await writeRecord(folder, { ...record, pushes: [...record.pushes, push] });
      return { reused: false };
    },

    async pull(version, to, signal) {
      const record = await known(version);
      if (await holdsVersion(to, record.outputs, signal)) return record;
      const names = record.outputs.map(({ path }) => path);
      const pointers = names.map((name) => `${target(version, name)}.dvc`);
      // What a pull that failed has left would be taken for the version's own.
      await removeFiles(version, names);
      await dvc.run(['pull', '--force', ...pointers], signal);
      await handOver(join(folder, version), to, record.outputs, signal);
      return record;
    },
  };
}

/** The few lines of a pointer that are needed here; DVC writes them one a line. */
async function readPointer(file: string): Promise<{ md5: string; bytes: number; files: number }> {
  const text = await readFile(file, 'utf8');
  const [, md5] = /^- md5: ([0-9a-f]{32}(?:\.dir)?)$/m.exec(text) ?? [];
  const [, size] = /^ {2}size: (\d+)$/m.exec(text) ?? [];
  const [, files] = /^ {2}nfiles: (\d+)$/m.exec(text) ?? [];
  if (md5 === undefined || size === undefined) {
    throw new EtiquetteError(
      'VERSION_POINTER_INVALID',
      `${file} has not the form of DVC's pointers: another DVC?`,
    );
  }
  return { md5, bytes: Number(size), files: files === undefined ? 1 : Number(files) };
}

/** DVC keeps `meta` for people: a pointer tells what it belongs to, wherever it is copied. */
function pointerNote({ kind, version, from }: Pick<NewVersion, 'kind' | 'version' | 'from'>): string {
  const facts = {
    kind,
    version,
    catalogue: from.catalogueHash,
    dataset: from.datasetVersion,
    bundle: from.bundle,
  };
  const lines = Object.entries(facts).flatMap(([name, value]) =>
    value === null ? [] : [`  ${name}: '${value}'\n`],
  );
  return `meta:\n${lines.join('')}`;
}
