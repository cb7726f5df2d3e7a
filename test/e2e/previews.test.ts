import { describe, expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { encodePreview } from '../../src/media/encode-webp.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { buttonOf, clipOf, setStage, smallPicture } from './stage.ts';

const preview = (await encodePreview(
  { width: 16, height: 8, frames: [new Uint8Array(384), new Uint8Array(384).fill(9)] },
  7,
))!;
const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };
const step = (number: number) => ({ stage: 'denoise', step: number, steps: 4, secondsPerStep: 1 }) as const;
const hasPreview = ({ attachments }: ApiMessage) => attachments.some(({ filename }) => filename.startsWith('preview-'));

async function stage() {
  const renderer = createScriptedRenderer();
  return { renderer, ...(await setStage({ renderer, config: { previewSeconds: 15 } })) };
}

describe('a clip that is being made', () => {
  it.each([
    ['in a channel', {}],
    ['for the requester’s eyes alone', { options: { private: true } }],
    ['in a direct message', { place: 'dm' as const }],
  ])('%s shows a preview, which is gone when the clip is there', async (_, where) => {
    const { discord, renderer } = await stage();
    const handle = discord.invoke({ ...animate, ...where });
    (await renderer.begun(0)).progress(step(1));
    expect(renderer.preview(0, preview)).toBe(true);
    const { attachments } = await handle.waitForMessage(hasPreview);
    expect(attachments).toMatchObject([{ size: preview.byteLength }]);
    expect(attachments[0]!.description).toContain('still being made');
    // Words that come later leave it where it is.
    renderer.renders[0]!.progress(step(2));
    expect(hasPreview(await handle.waitForMessage(({ content }) => content.includes('step 2')))).toBe(true);
    renderer.renders[0]!.finish();
    expect((await clipOf(handle)).attachments).toHaveLength(1);
  });

  it('shows none where the server has turned previews off', async () => {
    const { discord, renderer } = await stage();
    const set = discord.invoke({
      command: 'kinora-config set',
      options: { previews: false },
      user: discord.ownerId,
    });
    expect((await set.waitForMessage()).content).toContain('Show previews while clips are made: **no**');
    discord.invoke(animate);
    await renderer.begun(0);
    expect(renderer.preview(0, preview)).toBe(false);
  });

  it('begins anew with Another seed, for its requester alone, who reads the new one', async () => {
    const { discord, renderer } = await stage();
    const stranger = discord.createUser('stranger').id;
    const handle = discord.invoke(animate);
    (await renderer.begun(0)).progress(step(1));
    renderer.preview(0, preview);
    const running = await handle.waitForMessage(hasPreview);
    expect(running.content).toContain('seed 7');
    const press = { messageId: running.id, customId: buttonOf(running, 'Another seed') };
    const refused = discord.clickButton({ ...press, user: stranger });
    await refused.waitForMessage(({ content }) => content.includes('Only the person who asked for this clip can'));
    expect(renderer.renders[0]!.signal?.aborted).toBe(false);

    expect(await discord.clickButton(press).acknowledged).toMatchObject({ type: 6 });
    const again = await renderer.begun(1);
    const { seed } = again.spec.settings;
    expect(seed).not.toBe(7);
    const anew = await handle.waitForMessage(({ content }) => content.includes(`seed ${seed}`));
    expect(anew.attachments).toEqual([]);
    again.finish();
    expect((await clipOf(handle)).content).toContain(`seed ${seed}`);
    expect(renderer.renders).toHaveLength(2);
  });
});
