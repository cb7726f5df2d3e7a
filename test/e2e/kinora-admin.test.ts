import { expect, it } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import { noLimits } from '../../src/storage/limits.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, isClip, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

/** A stage and what the application's owner does with `/kinora-admin`. */
async function setOperated(config: Parameters<typeof setStage>[0]['config'] = {}) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, config });
  const { discord } = stage;
  const admin = async (subcommand: string, options: Record<string, string> = {}) => {
    const handle = discord.invoke({ command: `kinora-admin ${subcommand}`, options, user: discord.ownerId });
    expect(await handle.acknowledged).toMatchObject({ type: 5, ephemeral: true });
    return (await handle.waitForMessage(({ content }) => content !== '')).content;
  };
  return { ...stage, renderer, admin };
}

it('is for the application’s owner alone, whatever a server’s managers allow', async () => {
  const { discord } = await setOperated();
  const manager = discord.createUser('manager', { admin: true }).id;
  for (const command of ['status', 'pause', 'drain'].map((name) => `kinora-admin ${name}`)) {
    const handle = discord.invoke({ command, user: manager });
    expect((await failureOf(handle)).content).toContain('owner of the bot');
  }
  expect(discord.registeredCommands().find(({ name }) => name === 'kinora-admin')).toMatchObject({
    default_member_permissions: '0',
  });
});

it('pauses over a restart: clips are taken in, told so, and begun when it resumes', async () => {
  const { discord, renderer, admin, stopBot, startBot } = await setOperated();
  expect(await admin('status')).toMatch(
    /^🟢 The queue is open\.\nOn 1 server, started <t:\d+:R>\.\n🟢 \*\*device\*\*: waiting\n🎞️ 0 running/,
  );
  expect(await admin('pause')).toContain('The queue is paused.');
  const handle = discord.invoke(animate);
  const told = await handle.waitForMessage(({ content }) => content.includes('position: 1'));
  expect(told.content).not.toContain('<t:');
  expect((await discord.invoke({ command: 'queue' }).waitForMessage()).content).toContain('The queue is paused');
  await stopBot();
  await startBot();
  expect(await admin('status')).toContain('The queue is paused.');
  expect(renderer.renders).toHaveLength(0);
  expect(await admin('resume')).toContain('The queue is open.');
  (await renderer.begun(0)).finish();
  await clipOf(handle);
});

it('drains: what is there is done, nothing new comes in', async () => {
  const { discord, renderer, admin } = await setOperated();
  const handle = discord.invoke(animate);
  const render = await renderer.begun(0);
  await admin('drain');
  expect((await failureOf(discord.invoke(animate))).content).toContain('accepts no new requests for now');
  render.finish();
  await clipOf(handle);
  await admin('resume');
  discord.invoke(animate);
  await renderer.begun(1);
});

it('cancels anybody’s job by its id', async () => {
  const { discord, renderer, admin } = await setOperated();
  const handle = discord.invoke({ ...animate, place: 'dm' });
  await renderer.begun(0);
  const id = /`([0-9a-f]{8})`/.exec(await admin('status'))![1]!;
  expect(await admin('cancel', { job: id })).toContain(`\`${id}\` is cancelled`);
  await handle.waitForMessage(({ content }) => content.includes('Cancelled'));
  expect(await admin('cancel', { job: id })).toContain('Too late');
  expect(await admin('cancel', { job: 'deadbeef' })).toContain('no longer exists');
});

it('blocks and unblocks people and servers', async () => {
  const { discord, renderer, admin } = await setOperated();
  expect(await admin('block', { user: discord.userId })).toContain(`<@${discord.userId}> is blocked`);
  expect((await failureOf(discord.invoke(animate))).content).toContain('have blocked you');
  const spanish = await failureOf(discord.invoke({ ...animate, place: 'dm', locale: 'es-ES' }));
  expect(spanish.content).toContain('te han bloqueado');
  await admin('unblock', { user: discord.userId });
  await admin('block', { guild: discord.guildId });
  expect((await failureOf(discord.invoke(animate))).content).toContain('have blocked this server');
  await admin('unblock', { guild: discord.guildId });
  discord.invoke(animate);
  await renderer.begun(0);
  expect(await admin('block', {})).toContain('Choose a person, or enter the ID of a server');
});

it('gives a person the daily quota back', async () => {
  const { discord, renderer, admin } = await setOperated({ limits: { ...noLimits, dailyQuota: 1 } });
  const first = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(first);
  await failureOf(discord.invoke(animate));
  expect(await admin('reset-quota', { user: discord.userId })).toContain('was reset');
  discord.invoke(animate);
  await renderer.begun(1);
});

it('status says since when this machine makes no clips, and why; /queue says "paused" to everybody else', async () => {
  const { discord, renderer, admin } = await setOperated();
  discord.invoke(animate);
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  (await renderer.begun(0)).fail(new InferenceError('session-create', 'The model cannot be opened.', { cause: full }));
  const waiting = await discord.waitForMessage(({ content }) => content.includes('⏸️ Paused'));
  expect(waiting.content).not.toContain('ENOSPC');
  expect(await admin('status')).toMatch(
    /No clips can be made: The model cannot be opened\. no space left on device \(`ENOSPC`\)\. This began <t:\d+:R>\. It tries again <t:\d+:R>\./,
  );
  const { content } = await discord.invoke({ command: 'queue' }).waitForMessage();
  expect(content).toContain('⏸️ Paused: no clips can be made right now');
  expect(content).not.toContain('ENOSPC');
  expect(await admin('resume')).toContain('No clips can be made');
  (await renderer.begun(1)).finish();
  await discord.waitForMessage(isClip);
  expect(await admin('status')).not.toContain('No clips can be made');
});
