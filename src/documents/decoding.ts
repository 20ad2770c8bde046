import { isUtf8 } from 'node:buffer';
import { binaryKind, notText } from '../records/binary.js';
import { encodingOf } from '../records/encoding.js';
import { gunzip, isGzip } from '../records/gunzip.js';
import { readers } from '../records/index.js';
import { iconv } from '../records/utf8.js';
import type { DocumentFile, ExtractionLimits, OnWarning } from './types.js';

/** Names the encoding that the content declares, if any. */
type Declared = (bytes: Buffer) => string | null;

/**
 * The bytes of a file as text, as the text reader has it: unpacked, without byte order mark, lines ended by LF. The
 * encoding is that of the byte order mark, else the declared one, else UTF-8 or UTF-16 where it can be, else
 * windows-1252, with a warning. Documents have no option that names one, so no message speaks of it.
 */
export async function decodedText(
  { name, bytes }: DocumentFile,
  { maxBytes }: ExtractionLimits,
  onWarning: OnWarning,
  declared: Declared = () => null,
): Promise<string> {
  const unpacked = isGzip(bytes) === 'yes' ? await gunzipped(bytes, name, maxBytes) : bytes;
  const binary = binaryKind(unpacked);
  if (binary !== null) throw notText(name, binary);
  const encoding = markedEncoding(unpacked) ?? declared(unpacked) ?? toldEncoding(unpacked, name, onWarning);
  const isKnown = encoding === 'utf-8' || iconv().encodingExists(encoding);
  // The rest of the web's encodings, such as ISO-2022-JP.
  const readable = isKnown ? unpacked : Buffer.from(new TextDecoder(encoding).decode(unpacked));
  const source = {
    file: name,
    async *open() {
      yield readable;
    },
  };
  const options = {
    maxRecordBytes: maxBytes,
    // The reader of records says where, too: `notes.txt:3: not valid text here`.
    onWarning: (message: string) => {
      const [, place = name, problem = message] = /^(.*:\d+): (.*)$/su.exec(message) ?? [];
      onWarning(problem, place);
    },
    encoding: isKnown ? encoding : 'utf-8',
  };
  let text = '';
  for await (const row of readers.text.read(source, options)) {
    if (row.error !== undefined) throw new Error(row.error);
    text = String(row.fields.text);
  }
  return text;
}

async function gunzipped(bytes: Buffer, name: string, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  async function* packed() {
    yield bytes;
  }
  for await (const part of gunzip(packed(), name)) {
    size += part.length;
    if (size > maxBytes) throw new Error(`it unpacks to more than ${Math.round(maxBytes / 2 ** 20)} MB`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function markedEncoding(bytes: Buffer): string | null {
  const encoding = encodingOf(bytes);
  return encoding !== null && encoding.markBytes > 0 ? encoding.name : null;
}

function toldEncoding(bytes: Buffer, name: string, onWarning: OnWarning): string {
  const encoding = encodingOf(bytes);
  if (encoding === null) throw new Error('it is not text: it has control characters, and is not UTF-16 or UTF-32');
  if (encoding.guessed) onWarning(`no byte order mark; read as ${encoding.name.toUpperCase()}. ${otherwise}`, name);
  if (encoding.name !== 'utf-8' || isUtf8(bytes) || bytes.some(isControl) || isDamagedUtf8(bytes)) return encoding.name;
  onWarning(`not UTF-8; read as windows-1252. ${otherwise}`, name);
  return 'windows-1252';
}

const otherwise = 'If it is another encoding, convert it to UTF-8';

/** White space and escape aside. */
function isControl(byte: number): boolean {
  return byte < 0x07 || (byte > 0x0d && byte < 0x1b) || (byte > 0x1b && byte < 0x20);
}

/** Whether there are more letters in UTF-8 than bytes that are not; by chance, other encodings hardly have any. */
function isDamagedUtf8(bytes: Buffer): boolean {
  let valid = 0;
  let invalid = 0;
  for (const [character] of bytes.toString('utf8').matchAll(/[^\0-\x7f]/gu)) {
    if (character === '\ufffd') invalid++;
    else valid++;
  }
  return valid > invalid;
}
