import type { FileHandle } from 'node:fs/promises';

/** `length` bytes from `position` on, into `target` where one is given. Throws when the file ends before. */
export async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
  target: Buffer = Buffer.allocUnsafe(length),
): Promise<Buffer> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(target, done, length - done, position + done);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position + done}`);
    done += bytesRead;
  }
  return target.subarray(0, length);
}
