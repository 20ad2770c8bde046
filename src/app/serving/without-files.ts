import { imageOf, isImageFile } from '../../image.js';
import { type BadRow, isBadRow } from '../../record.js';
import type { InputRecord } from '../../types.js';

/** Refuses paths: a client over the network, or an assistant, must not have files of this machine read and sent on. */
export async function* withoutFiles(records: AsyncIterable<InputRecord | BadRow>): AsyncIterable<InputRecord | BadRow> {
  for await (const record of records) {
    const image = isBadRow(record) ? null : imageOf(record);
    if (isBadRow(record) || image === null || !isImageFile(image)) yield record;
    else {
      const { index, id, fields, origin } = record;
      const error = 'an image is given here by its address (https://…) or as data:image/…, not by the path of a file';
      yield { row: { fields, origin }, index, id, error, missing: null };
    }
  }
}
