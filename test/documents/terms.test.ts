import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { languageOfDocument } from '../../src/documents/language-of.js';
import { languages } from '../../src/documents/languages.js';
import { indexInMemory } from '../../src/documents/memory-index.js';
import { terms } from '../../src/documents/terms.js';

/** Sentences of a notice, and a question with other forms of its words. */
const notices: readonly {
  readonly language: string;
  readonly text: string;
  readonly question: string;
  readonly answer: string;
}[] = [
  {
    language: 'en',
    text: 'The pool is open from May to September. The lockers are at the entrance, and the keys are with the guard.',
    question: 'Where is a locker?',
    answer: 'The lockers are',
  },
  {
    language: 'de',
    text: 'Das Bad ist von Mai bis September geöffnet. Die Schränke stehen am Eingang, und die Schlüssel hat der Wärter.',
    question: 'Wo steht der Schrank?',
    answer: 'Die Schränke',
  },
  {
    language: 'fr',
    text: 'La piscine est ouverte de mai à septembre. Les casiers sont à l’entrée, et le gardien a les clés.',
    question: 'Où est mon casier ?',
    answer: 'Les casiers',
  },
  {
    language: 'es',
    text: 'La piscina está abierta de mayo a septiembre. Las taquillas están en la entrada, y el guardia tiene las llaves.',
    question: '¿Dónde está mi taquilla?',
    answer: 'Las taquillas',
  },
  {
    language: 'it',
    text: 'La piscina è aperta da maggio a settembre. Gli armadietti sono all’ingresso, e le chiavi le ha il custode.',
    question: 'Dove si trova il mio armadietto?',
    answer: 'Gli armadietti',
  },
  {
    language: 'pt',
    text: 'A piscina está aberta de maio a setembro. Os armários ficam na entrada, e o guarda tem as chaves.',
    question: 'Onde fica o meu armário?',
    answer: 'Os armários',
  },
  {
    language: 'nl',
    text: 'Het zwembad is open van mei tot september. De kasten staan bij de ingang, en de bewaker heeft de sleutels.',
    question: 'Waar is mijn kast?',
    answer: 'De kasten',
  },
  {
    language: 'sv',
    text: 'Badet är öppet från maj till september. Skåpen står vid ingången, och vakten har nycklarna till dem.',
    question: 'Var är mitt skåp?',
    answer: 'Skåpen står',
  },
  {
    language: 'fi',
    text: 'Uimala on avoinna toukokuusta syyskuuhun, ja se on kiinni talvella. Pukuhuoneet ovat ovella, ja avain on vartijalla.',
    question: 'Missä on pukuhuone?',
    answer: 'Pukuhuoneet ovat',
  },
  {
    language: 'ru',
    text: 'Бассейн открыт с мая по сентябрь, и он не работает зимой. Шкафы стоят у входа, а ключи есть у сторожа.',
    question: 'Где стоит мой шкаф?',
    answer: 'Шкафы стоят',
  },
  {
    language: 'el',
    text: 'Η πισίνα είναι ανοιχτή από τον Μάιο. Τα ντουλάπια είναι στην είσοδο, και τα κλειδιά τα έχει ο φύλακας.',
    question: 'Πού είναι το ντουλάπι μου;',
    answer: 'Τα ντουλάπια',
  },
  {
    language: 'ro',
    text: 'Piscina este deschisă din mai și până în septembrie. Scaunele sunt la intrare, iar cheile sunt la paznic.',
    question: 'Unde este un scaun?',
    answer: 'Scaunele sunt',
  },
];

describe('the language of a text', () => {
  for (const { language, text, question, answer } of notices) {
    it(`${language}: is told, and another form of a word is found`, () => {
      assert.equal(languageOfDocument(text).code, language);
      const index = indexInMemory([{ id: 'd', source: 'd', text }]);
      const [found] = index.search(question, 1);
      assert.ok(found?.passage.text.startsWith(answer), found?.passage.text);
      assert.ok(index.coverage(question, found === undefined ? [] : [found.passage]) > 0);
    });

    it(`${language}: is that of the question where documents are in several`, () => {
      const all = indexInMemory(
        notices.map((notice) => ({ id: notice.language, source: notice.language, text: notice.text })),
      );
      const [found] = all.search(question, 1);
      assert.equal(found?.passage.document.id, language);
    });
  }

  it('is not told by names', () => {
    const text =
      'Teams of the city: Los Angeles Rams, Los Angeles Lakers, Los Angeles Kings, and La Galaxy from Los Angeles.';
    assert.equal(languageOfDocument(text).code, 'en');
  });

  it('is English where it is none of these', () => {
    for (const text of [
      '',
      '2024',
      '茶馆有十二张桌子。',
      'Hồ bơi mở cửa từ tháng năm đến tháng chín.',
      'Nokia ISO 9001',
    ])
      assert.equal(languageOfDocument(text).code, 'en', text);
  });

  it('is told from all of a long text, whatever it begins with', () => {
    const licence = 'This is a notice of the publisher, and it is in English for all of the readers. '.repeat(20);
    const text = `${licence}${'Das ist die Geschichte von dem Mann, der nicht nach Hause ging. '.repeat(600)}`;
    assert.equal(languageOfDocument(text).code, 'de');
  });
});

describe('terms', () => {
  it('never separate a term with anything, and lose no word, in any language', () => {
    const texts = [
      ...notices.map(({ text }) => text),
      'a I x1 2024年 ½ ㎏ E-Mail O’Brien ﬁsh ŒUVRE İstanbul 서울에서 Straße ss s',
    ];
    for (const language of languages)
      for (const text of texts) {
        const words = terms(text, language);
        assert.ok(words.length >= terms(text).length, language.code);
        for (const word of words) assert.match(word, /^[\p{L}\p{M}\p{N}]+$/u, `${language.code} ${text}`);
      }
  });

  it('of a question without function words are those of all languages of the documents', () => {
    const documents = notices.map((notice) => ({ id: notice.language, source: notice.language, text: notice.text }));
    assert.equal(indexInMemory(documents).search('Schrank?', 1)[0]?.passage.document.id, 'de');
    assert.equal(indexInMemory(documents).search('taquilla?', 1)[0]?.passage.document.id, 'es');
  });

  it('keep words of names that are function words elsewhere', () => {
    const text = 'Alien opened in May and made much money. Die Hard opened in July and made more of it.';
    const index = indexInMemory([{ id: 'd', source: 'd', text }]);
    assert.equal(index.coverage('Die Hard', index.passages.slice(1)), 1);
    assert.ok(index.coverage('Die Hard', index.passages.slice(0, 1)) === 0);
    assert.match(index.search('Die July?', 1)[0]?.passage.text ?? '', /Die Hard/u);
    assert.equal(index.search('Die?', 1).length, 1);
  });

  it('leave out the function words of a question in another language than the documents', () => {
    const german = notices
      .filter(({ language }) => language === 'de')
      .map(({ text }) => ({ id: 'd', source: 'd', text }));
    const index = indexInMemory(german);
    const [found] = index.search('What is there from September on?', 1);
    assert.ok(found !== undefined);
    assert.equal(index.coverage('What is there from September on?', [found.passage]), 1);
  });
});
