import { type SlmError, usageError } from '../errors.js';

/** A binary format that people pass by mistake. */
export interface Binary {
  /** With its article, to follow "is". */
  readonly title: string;
  readonly magic: Buffer;
  readonly hint: (file: string) => string;
}

const inspect = (file: string) => `Convert it to text first; \`file ${file}\` says what it holds.`;
const unpack = (tool: string) => (file: string) => `Unpack it first: ${tool} ${file} | slm run …`;

function binary(title: string, magic: string | readonly number[], hint: Binary['hint'] = inspect): Binary {
  return { title, magic: typeof magic === 'string' ? Buffer.from(magic, 'latin1') : Buffer.from(magic), hint };
}

const binaries: readonly Binary[] = [
  binary('a PDF', '%PDF-', (file) => `Convert it first: pdftotext ${file} - | slm run …`),
  binary('a ZIP archive', 'PK\x03\x04', zipHint),
  binary('a model (GGUF)', [0x47, 0x47, 0x55, 0x46, 0x02, 0, 0, 0], modelHint),
  binary('a model (GGUF)', [0x47, 0x47, 0x55, 0x46, 0x03, 0, 0, 0], modelHint),
  binary('an old Office document', [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], officeHint),
  binary('a rich text document', '{\\rtf1', officeHint),
  binary('a PNG image', '\x89PNG\r\n\x1a\n'),
  binary('a JPEG image', [0xff, 0xd8, 0xff]),
  binary('a GIF image', 'GIF87a'),
  binary('a GIF image', 'GIF89a'),
  binary('a Parquet table', 'PAR1\x15'),
  binary('an SQLite database', 'SQLite format 3\0'),
  binary('bzip2 data', 'BZh91AY&SY', unpack('bzcat')),
  binary('xz data', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], unpack('xzcat')),
  binary('Zstandard data', [0x28, 0xb5, 0x2f, 0xfd], unpack('zstdcat')),
  binary('a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
  binary('a program', '\x7fELF'),
];

const tar = binary('a tar archive', 'ustar', (file) => `Unpack it first: tar -xOf ${file} | slm run …`);
const tarMagicOffset = 257;

/** Names the kind of bytes that are not text; null when nothing speaks against text. */
export function binaryKind(head: Buffer): Binary | null {
  const isTar = head.subarray(tarMagicOffset, tarMagicOffset + tar.magic.length).equals(tar.magic);
  return isTar ? tar : (binaries.find(({ magic }) => head.subarray(0, magic.length).equals(magic)) ?? null);
}

/** Returns whether more bytes could make it one of the formats. */
export function mayBecomeBinary(head: Buffer): boolean {
  return binaries.some(({ magic }) => head.length < magic.length && magic.indexOf(head) === 0);
}

export function notText(file: string, { title, hint }: Binary): SlmError {
  return usageError(
    `${file === '-' ? 'standard input' : file} is ${title}, not text`,
    hint(file === '-' ? 'FILE' : file),
  );
}

/** Error for bytes that are text in no known encoding. */
export function noKnownText(file: string): SlmError {
  return usageError(
    `${file === '-' ? 'standard input' : file} is not text: it has control characters, and is not UTF-16 or UTF-32`,
    `If it is text, name its encoding with --encoding. ${inspect(file === '-' ? 'FILE' : file)}`,
  );
}

function zipHint(file: string): string {
  return /\.(docx|odt|pptx|xlsx|ods)$/i.test(file) ? officeHint(file) : `Unpack it first: unzip -p ${file} | slm run …`;
}

function officeHint(file: string): string {
  const [format, suffix] = /\.(xls|xlsx|ods)$/i.test(file) ? ['csv', 'csv'] : ['txt:Text', 'txt'];
  return `Convert it first: soffice --headless --convert-to ${format} ${file}, then read the .${suffix} file.`;
}

function modelHint(file: string): string {
  return `A model goes after -m: slm run TASK -m ${file} …`;
}
