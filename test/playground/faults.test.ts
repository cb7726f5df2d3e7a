import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RestExchange } from '../../src/fake-discord/types.ts';
import type { BotState, Fault } from '../../src/playground/protocol.ts';
import { isClip } from '../e2e/stage.ts';
import { quickChild, startTinyRenderer } from '../e2e/tiny-renderer.ts';
import { playground } from './stage.ts';
import { type Visitor, visit } from './visit.ts';

const renderer = await startTinyRenderer();
/** One whose process is killed, and computes nothing. */
const killed = await startTinyRenderer({ entry: quickChild });

/** A visitor whose clip stands still after its first step, and is shown so. */
async function inMidJob(by = renderer) {
  const opened = await playground(by);
  const visitor = await visit(opened.url);
  await visitor.act({ do: 'watchExchanges', watch: true });
  const hold = by.hold();
  await animate(visitor, 1);
  await hold.reached;
  const status = await visitor.see(({ content }) => content.includes('step 1'));
  return { ...opened, visitor, hold, status };
}

function animate({ act, welcome }: Visitor, seed: number) {
  const channelId = welcome.channels[0]!.id;
  const files = { image: { sample: 'cat.jpg' } };
  return act({ do: 'invoke', channelId, command: 'animate', options: { seed, steps: 2 }, files, locale: 'en-US' });
}

const fault = ({ act }: Visitor, which: Fault) => act({ do: 'fault', fault: which });
const becomes = ({ waitFor }: Visitor, state: BotState) =>
  waitFor((message) => (message.kind === 'bot' && message.state === state) || undefined);
const edits = (visitor: Visitor): RestExchange[] =>
  visitor
    .exchanges()
    .filter((exchange): exchange is RestExchange => exchange.kind === 'rest' && exchange.method === 'PATCH');

it('drop-gateway: the bot is seen to reconnect, and hears later what it missed', async () => {
  const { visitor, hold } = await inMidJob();
  await fault(visitor, { name: 'drop-gateway' });
  await becomes(visitor, 'reconnecting');
  const second = await animate(visitor, 2);
  expect(second.acknowledgement.type).toBe(5);
  await becomes(visitor, 'ready');
  hold.release();
  await visitor.see((message) => isClip(message) && message.content.includes('seed 2'));
  const wire = JSON.stringify(visitor.exchanges());
  expect(wire).toContain('RESUMED');
});

it('expire-tokens: the clip comes by the channel’s route, in the same message', async () => {
  const { visitor, hold, status } = await inMidJob();
  await fault(visitor, { name: 'expire-tokens' });
  hold.release();
  const clip = await visitor.see(isClip);
  expect(clip.id).toBe(status.id);
  const ends = edits(visitor).map(({ route, status: code }) => `${route?.split('/')[1]} ${code}`);
  expect(ends).toContain('webhooks 401');
  expect(ends.at(-1)).toBe('channels 200');
});

it('fail-next-edit: 429 is waited for, 500 is tried again, and the clip is shown once', async () => {
  const { visitor, hold, discord } = await inMidJob();
  await fault(visitor, { name: 'fail-next-edit', status: 429 });
  await fault(visitor, { name: 'fail-next-edit', status: 500 });
  hold.release();
  await visitor.see(isClip);
  const calls = edits(visitor);
  const limited = calls.findIndex(({ status }) => status === 429);
  expect(calls[limited + 1]!.at - calls[limited]!.at).toBeGreaterThanOrEqual(1_900);
  expect(calls.filter(({ status }) => status === 500)).toHaveLength(4);
  expect(discord.messages().flatMap(({ attachments }) => attachments)).toHaveLength(1);
});

it('upload-limit: the bot encodes the clip smaller, and people’s files are held to it', async () => {
  // The same clip without a limit.
  const whole = await renderer.render({
    picture: readFileSync('assets/cat.jpg'),
    settings: { seed: 1, numInferenceSteps: 2 },
    fit: 'crop',
  });
  const bytes = Math.floor(whole.bytes.byteLength * 0.9);
  const { visitor, hold, url } = await inMidJob();
  await fault(visitor, { name: 'upload-limit', bytes });
  const limit = await visitor.waitFor((message) => (message.kind === 'uploadLimit' ? message.bytes : undefined));
  expect(limit).toBe(bytes);
  hold.release();
  const clip = await visitor.see(isClip);
  expect(clip.attachments[0]!.size).toBeLessThanOrEqual(bytes);
  expect(clip.content).toContain('made smaller');
  const headers = { origin: url.slice(0, -1) };
  const refused = await fetch(`${url}files?name=a.png`, { method: 'POST', body: Buffer.alloc(bytes + 1), headers });
  expect(refused.status).toBe(413);
  expect(await refused.text()).toContain('Files may have up to');
});

it('restart-bot: running and waiting clips go on after it, in their messages', async () => {
  const { visitor, hold, status, discord } = await inMidJob();
  await animate(visitor, 2);
  const waiting = await visitor.see(({ content }) => content.includes('position: 1'));
  const restarted = fault(visitor, { name: 'restart-bot' });
  await becomes(visitor, 'stopping');
  await expect(fault(visitor, { name: 'restart-bot' })).rejects.toThrow('just being restarted');
  for (const { id } of [status, waiting]) {
    await visitor.see((message) => message.id === id && message.content.includes('restarting'));
  }
  hold.release();
  await restarted;
  await becomes(visitor, 'starting');
  const seeds = ['seed 1', 'seed 2'];
  for (const [index, { id }] of [status, waiting].entries()) {
    const clip = await visitor.see((message) => message.id === id && isClip(message));
    expect(clip.content).toContain(seeds[index]);
  }
  expect(discord.messages().filter(isClip)).toHaveLength(2);
});

it('kill-render-process: the process is gone, another one makes the clip', async () => {
  const { visitor, status, log } = await inMidJob(killed);
  await fault(visitor, { name: 'kill-render-process' });
  const clip = await visitor.see(isClip);
  expect(clip.id).toBe(status.id);
  const died = log.events.find(({ message }) => message.includes('trying once more'));
  expect(died?.fields).toMatchObject({ err: { code: 'render-process-died' } });
});

it('shows the exchange with the bot, without secrets', async () => {
  const { url, discord } = await playground(renderer);
  const visitor = await visit(url);
  await animate(visitor, 1);
  await visitor.see(isClip);
  expect(visitor.exchanges()).toEqual([]);
  await visitor.act({ do: 'watchExchanges', watch: true });
  const earlier = visitor.exchanges().length;
  expect(earlier).toBeGreaterThan(5);
  await animate(visitor, 2);
  expect(visitor.exchanges().length).toBeGreaterThan(earlier);
  const wire = JSON.stringify(visitor.exchanges());
  expect(wire).toContain('INTERACTION_CREATE');
  expect(wire).not.toContain(discord.token);
  for (const secret of [/"session_id":"(?!masked)/, /"token":"(?!masked)/, /hm=[0-9a-f]/]) {
    expect(wire).not.toMatch(secret);
  }
  const { length } = visitor.exchanges();
  await visitor.act({ do: 'watchExchanges', watch: false });
  await animate(visitor, 3);
  expect(visitor.exchanges()).toHaveLength(length);
});
