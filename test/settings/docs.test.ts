import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clipForm } from '../../src/settings/clip-form.ts';
import type { Declaration } from '../../src/settings/declaration.ts';
import { settingOptionNames, shownSettings } from '../../src/settings/discord-options.ts';
import { executionSettings } from '../../src/settings/execution.ts';
import { imageToVideo } from '../../src/settings/image-to-video.ts';

/** Rows of a page's tables: what stands in the first column, and the rest of the row. */
function rowsOf(page: string): [first: string, rest: string][] {
  const rows = readFileSync(page, 'utf8').matchAll(/^\| (.+?) \| (.+) \|$/gm);
  return [...rows].map(([, first = '', rest = '']) => [first, rest]);
}

it('docs/discord.md has every option of /animate in its order, with its range and the names of its numbers', () => {
  const rows = rowsOf('docs/discord.md');
  const names = ['end', 'preset', ...settingOptionNames, 'private'].map((name) => `\`${name}\``);
  const start = rows.findIndex(([first]) => first === names[0]);
  expect(rows.slice(start, start + names.length).map(([first]) => first)).toEqual(names);
  for (const { name, type, discord } of [...shownSettings(imageToVideo), ...shownSettings(clipForm)]) {
    const [, text] = rows.find(([first]) => first === `\`${name}\``)!;
    if (!('range' in discord)) continue;
    const { range, named = {} } = discord;
    if (type.kind !== 'seed' && typeof range === 'object') expect(text).toContain(`${range.from} to ${range.to}`);
    for (const [word, value] of Object.entries(named)) expect(text).toContain(`${word} ${value}`);
  }
});

it('docs/from-the-notebook.md has, for every argument of the pipeline that is a setting, its option', () => {
  const rows = rowsOf('docs/from-the-notebook.md');
  for (const { diffusersName, option } of Object.values<Declaration>(imageToVideo)) {
    if (diffusersName === undefined) continue;
    const row = rows.find(([first]) => new RegExp(`\\b${diffusersName}=`).test(first) && !first.includes('image'));
    expect(row?.[1]).toContain(`--${option?.name} `);
  }
});

it('docs/from-the-notebook.md names no option that is not there', () => {
  const declared = Object.values<Declaration>({ ...imageToVideo, ...clipForm, ...executionSettings });
  // Options that are no settings: of `animate`, of `model pull`.
  const others = ['end', 'model', 'preset', 'lora', 'output', 'frames-dir', 'json', 'repo', 'variant', 'unet'];
  const known = [...declared.flatMap(({ option }) => option?.name ?? []), ...others];
  const words = readFileSync('docs/from-the-notebook.md', 'utf8').matchAll(/(?<=[ `\n])--([a-z][a-z-]+)/g);
  for (const [, name] of words) expect(known).toContain(name);
});
