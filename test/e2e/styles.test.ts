import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const styles = [
  { name: 'ink', hash: '0123456789abcdef' },
  { name: 'mosaic', hash: 'fedcba9876543210' },
];
const ink = 'ink@0123456789abcdef';

function buttonOf(clip: ApiMessage, label: string) {
  const buttons = clip.components.flatMap(({ components = [] }) => components);
  return { messageId: clip.id, customId: buttons.find((button) => button.label === label)?.custom_id ?? '' };
}

it('a style is offered while somebody types, and 🎲, ✏️, 📋 and ➕ keep it, as that very network', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, model: { ...tinyModel, styles } });
  const offered = await discord.autocomplete({ command: 'animate', focused: 'style', options: { style: 'i' } });
  expect(offered).toEqual([{ name: 'ink', value: 'ink' }]);
  const options = { seed: 7, style: 'ink' };
  const asked = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options });
  const first = await renderer.begun(0);
  expect(first.spec.form).toMatchObject({ style: ink });
  first.finish();
  const clip = await clipOf(asked);

  const settings = discord.clickButton(buttonOf(clip, 'Settings'));
  expect((await settings.waitForMessage(() => true)).content).toMatch(/\/animate .*style:ink[^\n]*\n/);

  discord.clickButton(buttonOf(clip, 'Again'));
  const again = await renderer.begun(1);
  expect(again.spec.form).toMatchObject({ style: ink });
  expect(again.spec).not.toHaveProperty('base');
  again.finish();

  const form = discord.clickButton(buttonOf(clip, 'Edit'));
  await form.acknowledged;
  discord.submitModal({ interactionId: form.id, values: { motion: '33', seed: '7', loop: 'none' } });
  const edited = await renderer.begun(2);
  expect(edited.spec).toMatchObject({ settings: { motionBucketId: 33 }, form: { style: ink } });
  edited.finish();

  discord.clickButton(buttonOf(clip, 'Extend'));
  const longer = await renderer.begun(3);
  expect(longer.spec).toMatchObject({ base: { use: 'extend' }, form: { style: ink } });
  longer.finish();
});

it('a style that is not there, or has changed since, is refused in the person’s language with those that are', async () => {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, model: { ...tinyModel, styles } });
  const { discord } = stage;
  const ask = { command: 'animate', attachments: { image: smallPicture } };
  const english = await failureOf(discord.invoke({ ...ask, options: { style: 'sketch' } }));
  expect(english.content).toContain('There is no style `sketch` here');
  expect(english.content).toContain('ink, mosaic');
  const other = 'ink@ffffffffffffffff';
  const spanish = await failureOf(discord.invoke({ ...ask, options: { style: other }, locale: 'es-ES' }));
  expect(spanish.content).toContain('Aquí no hay ningún estilo `ink`, o ha cambiado desde entonces. Hay: ink, mosaic.');
  expect(renderer.renders).toHaveLength(0);
});
