import type { Figure, Taught } from '../../app/tuning/pupil.js';

/** The cost of a teacher, and how close its pupil has come, one line each. */
export function teacherLines(taught: Taught, metric: string): string[] {
  const { teacher, texts, labelled, failed, fresh, seconds, tokens, money, agreement, unsure, judged, speed } = taught;
  const cost = [
    `${Math.round(seconds)} s`,
    `${tokens.toLocaleString('en')} tokens`,
    ...(money === null ? [] : [`${money.toFixed(4)} paid`]),
  ].join(', ');
  return [
    `${teacher} labelled ${labelled} of ${texts} texts${fresh === 0 ? '; all labels were kept from before' : ` (${fresh} labels now: ${cost})`}${failed === 0 ? '' : `; it failed at ${failed}`}.`,
    `Agreement with it on texts that were held out: ${metric} ${figureText(agreement)}, n = ${agreement.n}. Where the figures above say ${metric}, they mean this.`,
    `${teacher} is unsure of ${unsure.teacher} of these texts; of ${unsure.both} of them, the tuned task is unsure, too.`,
    ...(judged === null
      ? ['No labelled row says how good the teacher is: give some with --data.']
      : [
          `By ${judged.n} labelled rows: ${metric} ${figureText(judged.teacher)} for ${teacher}${judged.pupil === null ? '' : `, ${figureText(judged.pupil)} for the tuned task`}.`,
        ]),
    ...(speed.pupil === null
      ? []
      : [
          `Speed: ${speed.pupil.toFixed(1)} records a second${speed.teacher === null ? '' : `; ${teacher} did ${speed.teacher.toFixed(1)}`}.`,
        ]),
  ];
}

function figureText({ value, low, high }: Figure): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
}
