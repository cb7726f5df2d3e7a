import { expect, it } from 'vitest';
import { createChannelReceiver, createChannelSender } from '../../src/worker/large-messages.ts';

const mib = 1024 * 1024;
const large = Buffer.alloc(3 * mib + 5, 7);
large.writeUInt32BE(1, 0);

/** A channel that takes messages one by one, and what came through it. */
function createChannel() {
  const sizes: number[] = [];
  const heard: unknown[] = [];
  const receive = createChannelReceiver((message) => heard.push(message));
  const send = createChannelSender((message, done) => {
    const { bytes } = message as { bytes?: Uint8Array };
    sizes.push(bytes?.byteLength ?? 0);
    receive(structuredClone(message));
    done(null);
  });
  return { send, receive, sizes, heard };
}

it('a message with large byte arrays arrives whole, in pieces of 1 MiB at most', async () => {
  const { send, sizes, heard } = createChannel();
  const message = {
    type: 'done',
    clip: { bytes: large, master: large.subarray(0, 2 * mib), frames: 4, small: Buffer.from('ab') },
  };
  await send(message);
  expect(Math.max(...sizes)).toBe(mib);
  const [{ clip }] = heard as [{ clip: Record<'bytes' | 'master' | 'small', Uint8Array> }];
  expect(Buffer.compare(clip.bytes, large)).toBe(0);
  expect(Buffer.compare(clip.master, large.subarray(0, 2 * mib))).toBe(0);
  expect(Buffer.from(clip.small).toString()).toBe('ab');
});

it('messages arrive in the order in which they were sent, and small ones without a pause', async () => {
  const { send, heard } = createChannel();
  void send('first');
  expect(heard).toEqual(['first']);
  const sent = [send({ bytes: large }), send('third')];
  await Promise.all(sent);
  expect(heard.map((message) => (typeof message === 'string' ? message : 'large'))).toEqual([
    'first',
    'large',
    'third',
  ]);
});

it.each([
  ['more than it claims', [{ type: 'piece', bytes: new Uint8Array(9), totalBytes: 8 }]],
  ['a size that no message has', [{ type: 'piece', bytes: new Uint8Array(9), totalBytes: 2 ** 40 }]],
  ['bytes that never came', [{ type: 'rest-of-message', message: { bytes: { largeBytes: 0 } } }]],
  [
    'its end before its bytes',
    [
      { type: 'piece', bytes: new Uint8Array(4), totalBytes: 8 },
      { type: 'rest-of-message', message: {} },
    ],
  ],
])('a process that sends %s is not believed', (_, messages) => {
  const { receive } = createChannel();
  expect(() => {
    for (const message of messages) receive(message);
  }).toThrow();
});
