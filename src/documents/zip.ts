import type { Entry, ZipFile } from 'yauzl';
import { lazy } from '../lazy.js';

const yauzl = lazy<typeof import('yauzl')>('yauzl');

/** Limit of entries of an archive; a book has a few hundred. */
const mostEntries = 20_000;

/**
 * The entries of a ZIP archive in memory, by name, those that are wanted. Every entry is unpacked, also the others: what
 * an archive says of its sizes is checked, since the libraries for its contents believe it.
 * @throws Error where they are more than `maxBytes`, or not of the sizes that the archive says
 */
export async function unzip(
  bytes: Buffer,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
  wanted: (name: string) => boolean,
): Promise<Map<string, Buffer>> {
  const archive = await opened(bytes);
  if (archive.entryCount > mostEntries) throw new Error(`it is an archive of ${archive.entryCount} files`);
  const found = new Map<string, Buffer>();
  let size = 0;
  for await (const entry of entriesOf(archive)) {
    signal.throwIfAborted();
    if ((entry.generalPurposeBitFlag & 1) !== 0) throw new Error('it is encrypted');
    size += entry.uncompressedSize;
    if (size > maxBytes) throw new Error(`it unpacks to more than ${Math.round(maxBytes / 2 ** 20)} MB`);
    const chunks: Buffer[] = [];
    const keep = wanted(entry.fileName);
    for await (const chunk of await streamOf(archive, entry)) if (keep) chunks.push(chunk as Buffer);
    if (keep) found.set(entry.fileName, Buffer.concat(chunks));
  }
  return found;
}

function opened(bytes: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl().fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, archive) =>
      error === null ? resolve(archive) : reject(new Error('it is damaged: not a whole ZIP archive', { cause: error })),
    );
  });
}

async function* entriesOf(archive: ZipFile): AsyncIterable<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | null>((resolve, reject) => {
      archive
        .once('entry', resolve)
        .once('end', () => resolve(null))
        .once('error', reject);
      archive.readEntry();
    });
    archive.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error');
    if (entry === null) return;
    yield entry;
  }
}

function streamOf(archive: ZipFile, entry: Entry): Promise<AsyncIterable<unknown>> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}
