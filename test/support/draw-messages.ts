import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { languages } from '../../src/bot/languages/choose-messages.ts';
import type { Messages } from '../../src/bot/languages/messages.ts';
import { listMessages } from './messages/list-messages.ts';

/** Where the page stands. */
export const page = 'docs/messages.md';

/** Where `npm run docs:media` puts the pictures of the page: NAME-en.webp and NAME-es.webp. */
export const picturesFolder = 'docs/media/messages';

/** A language that the bot speaks. */
export interface ShownLanguage {
  /** Of its file: `en`. */
  code: string;
  /** The first that reads it. */
  locale: string;
  messages: Messages;
}

/** Every language once, English first. */
export const shownLanguages: readonly ShownLanguage[] = Object.entries(languages)
  .map(([locale, messages]) => ({ code: locale.slice(0, 2), locale, messages }))
  .filter(({ messages }, index, all) => all.findIndex((other) => other.messages === messages) === index);

const lead = `# Every message

All that the bot says, in every language, for proof-reading. \`npm run fix\` writes this page from
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
  const listed = shownLanguages.map(({ code, messages }) => listMessages(messages, { language: code }));
  const keys = [...new Set(listed.flat().map(({ key }) => key))];
  const rows = keys.map((key) => {
    const cells = listed.map((list) => cell(list.find((message) => message.key === key)?.texts ?? []));
    return { part: partOf(key), row: `| \`${key}\` | ${cells.join(' | ')} |` };
  });
  const head = ['| Key', ...shownLanguages.map(nameOf), ''].join(' | ').trim();
  const line = `| --- |${' --- |'.repeat(shownLanguages.length)}`;
  const parts = Object.entries(titles).map(([part, title]) => {
    const own = rows.filter((row) => row.part === part).map(({ row }) => row);
    return [`## ${title}`, '', ...picturesOf(part), head, line, ...own, ''].join('\n');
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
  const picture = (name: string, { code }: ShownLanguage) => {
    const file = `${name}-${code}.webp`;
    return files.includes(file) ? `![${name.replaceAll('.', ' ')}, ${code}](media/messages/${file})` : '';
  };
  return [
    `| ${shownLanguages.map(nameOf).join(' | ')} |`,
    `|${' --- |'.repeat(shownLanguages.length)}`,
    ...own.map((name) => `| ${shownLanguages.map((language) => picture(name, language)).join(' | ')} |`),
    '',
  ];
}

/** A language's name in that language. */
function nameOf({ code }: ShownLanguage): string {
  return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
}

/** Texts as the cell of a table, which shows them as they are written. */
function cell(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', '<br>')).join('<br>*…* ');
}

// `npm run fix` runs this file.
if (import.meta.filename === process.argv[1]) writeFileSync(page, messagesPage());
