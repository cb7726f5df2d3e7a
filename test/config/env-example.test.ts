import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { type Variable, variables } from '../../src/config/variables.ts';

const heading = [
  '# Copy this file to .env and set what you need; what stays commented out keeps its default.',
  "# A variable that is already set in the process's environment wins over the file.",
];
const paragraphs = Object.entries<Variable>(variables).map(([name, { description, example, secret }]) =>
  [...description.map((line) => `# ${line}`), secret === true ? `${name}=` : `# ${name}=${example}`].join('\n'),
);
const expected = `${[heading.join('\n'), ...paragraphs].join('\n\n')}\n`;

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

  it('is what the variables say', () => {
    expect(text).toBe(expected);
  });

  it('changes nothing when it is copied as it is', () => {
    expect(readConfig(dotenv.parse(text))).toEqual(readConfig({}));
  });

  it('shows the default of every variable that has one', () => {
    const everyLine = dotenv.parse(text.replaceAll(/^# (?=[A-Z_\d]+=)/gm, ''));
    expect(Object.keys(everyLine)).toEqual(Object.keys(variables));
    // These have no default: their lines show what a path, a model, an emoji and a port look like.
    expect(
      readConfig({
        ...everyLine,
        MODEL_DIR: '',
        FFMPEG_PATH: '',
        REACTION_EMOJI: '',
        LORAS: '',
        STYLE_DIR: '',
        NSFW_MODEL_DIR: '',
        ALLOWED_GUILDS: '',
        WORKER_LISTEN: '',
        WORKER_URL: '',
        WORKER_NAME: '',
        BLOB_URL: '',
        AWS_ENDPOINT_URL_S3: '',
        HTTP_LISTEN: '',
      }),
    ).toEqual(readConfig({}));
  });
});
