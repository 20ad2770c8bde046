import type { InputRecord } from './types.js';

/** Addresses, data URLs, and paths with the suffix of a picture: another value of the field is a field like others. */
const picture = /^(?:https?:\/\/|data:image\/)|\.(?:png|jpe?g|gif|webp)$/iu;

/** The picture that a record names in its field `image`: a path, an address or a data URL. Null where it has none. */
export function imageOf({ fields }: Pick<InputRecord, 'fields'>): string | null {
  const { image } = fields;
  return typeof image === 'string' && picture.test(image.trim()) ? image.trim() : null;
}

/** Returns whether it is a file of this machine. */
export function isImageFile(image: string): boolean {
  return !/^(?:https?|data):/iu.test(image);
}
