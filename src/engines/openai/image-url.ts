import { failure, messageOf } from '../../errors.js';
import { isImageFile } from '../../image.js';

/** Larger ones no service takes. */
const maxImageBytes = 20 << 20;

/** The formats that services take, by how their files begin. */
const formats: readonly { readonly type: string; begins(head: string): boolean }[] = [
  { type: 'image/png', begins: (head) => head.startsWith('\x89PNG\r\n\x1a\n') },
  { type: 'image/jpeg', begins: (head) => head.startsWith('\xff\xd8\xff') },
  { type: 'image/gif', begins: (head) => head.startsWith('GIF8') },
  { type: 'image/webp', begins: (head) => head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP' },
];

/**
 * The URL of a picture in a chat: its address, or for a file its bytes as a data URL.
 * @throws SlmError for this record where the file is no picture, so that nothing else is sent by mistake
 */
export async function imageUrl(image: string, readFile: (path: string) => Promise<Buffer>): Promise<string> {
  if (!isImageFile(image)) return image;
  let bytes: Buffer;
  try {
    bytes = await readFile(image);
  } catch (error) {
    throw failure(`the image cannot be read: ${messageOf(error)}`, undefined, error);
  }
  const head = bytes.toString('latin1', 0, 16);
  const found = formats.find(({ begins }) => begins(head));
  if (found === undefined) throw failure(`"${image}" is no image (PNG, JPEG, GIF or WebP), and is not sent`);
  if (bytes.length > maxImageBytes) throw failure(`"${image}" is larger than ${maxImageBytes >> 20} MiB`);
  return `data:${found.type};base64,${bytes.toString('base64')}`;
}
