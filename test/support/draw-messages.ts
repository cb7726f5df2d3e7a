import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { en } from '../../src/bot/languages/en.ts';
import { es } from '../../src/bot/languages/es.ts';
import { listMessages } from './messages/list-messages.ts';

/** Where the page stands. */
export const page = 'docs/messages.md';

/** Where `npm run docs:media` puts the pictures of the page: NAME-en.webp and NAME-es.webp. */
export const picturesFolder = 'docs/media/messages';

const lead = `# Every message

All that the bot says, in English and Spanish, for proof-reading. \`npm run fix\` writes this page from
\`src/bot/languages\`, with made-up values; \`npm run docs:media\` takes the pictures: the real bot's messages, as the
playground draws them. Where a text has a singular, or leaves something out, both are listed.
`;

/** The parts of the page by the first word of the keys; a key whose first word is none of these is among the first. */
const titles: Readonly<Record<string, string>> = {
  '': 'A clip on its way',
  animate: '`/animate`',
  clip: 'Clips and their buttons',
  queue: '`/queue`',
  kinora: '`/kinora`',
  config: '`/kinora-config`',
  admin: '`/kinora-admin`',
  presence: 'Beside the bot’s name',
  permissions: 'Permissions',
  errors: 'Errors',
};

/** The page as it has to be now. */
export function messagesPage(): string {
  const spanish = new Map(listMessages(es, { language: 'es' }).map(({ key, texts }) => [key, texts]));
  const rows = listMessages(en, { language: 'en' }).map(({ key, texts }) => ({
    part: partOf(key),
    row: `| \`${key}\` | ${cell(texts)} | ${cell(spanish.get(key) ?? [])} |`,
  }));
  const parts = Object.entries(titles).map(([part, title]) => {
    const own = rows.filter((row) => row.part === part).map(({ row }) => row);
    return [
      `## ${title}`,
      '',
      ...picturesOf(part),
      '| Key | English | Español |',
      '| --- | --- | --- |',
      ...own,
      '',
    ].join('\n');
  });
  return [lead, ...parts].join('\n');
}

function partOf(key: string): string {
  const [first = ''] = key.split('.');
  return first !== key && first in titles ? first : '';
}

/** Links to the pictures of a part: those in the folder that begin with its name. */
function picturesOf(part: string): string[] {
  const files = existsSync(picturesFolder) ? readdirSync(picturesFolder).sort() : [];
  const names = files.flatMap((file) => /^(.+)-en\.webp$/.exec(file)?.[1] ?? []);
  const own = names.filter((name) => name.split('.')[0] === (part || 'status'));
  if (own.length === 0) return [];
  const picture = (name: string, language: string) =>
    `![${name.replaceAll('.', ' ')}, ${language}](media/messages/${name}-${language}.webp)`;
  return [
    '| English | Español |',
    '| --- | --- |',
    ...own.map((name) => `| ${picture(name, 'en')} | ${picture(name, 'es')} |`),
    '',
  ];
}

/** Texts as the cell of a table, which shows them as they are written. */
function cell(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', '<br>')).join('<br>*…* ');
}

// `npm run fix` runs this file.
if (import.meta.filename === process.argv[1]) writeFileSync(page, messagesPage());
