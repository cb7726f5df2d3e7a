import { z } from 'zod';
import type { ClientMessage } from './protocol.ts';

/** Longer than anything that a form holds; Discord's own limits are checked where they apply. */
const text = z.string().max(8_000);
const id = z.string().regex(/^\d{17,20}$/);
const name = z.string().min(1).max(200);
/** Discord's limits. */
const threadName = z.string().trim().min(1).max(100);
const locale = z.string().regex(/^[a-z]{2}(-[A-Z0-9]{2,3})?$/);
const options = z.record(name, z.union([text, z.number(), z.boolean()]));
const file = z.union([z.strictObject({ fileId: name }), z.strictObject({ sample: name })]);
const values = z.record(name, z.union([text, z.array(text).max(25)]));

const fault = z.discriminatedUnion('name', [
  z.strictObject({ name: z.enum(['drop-gateway', 'expire-tokens', 'restart-bot', 'kill-render-process']) }),
  z.strictObject({ name: z.literal('fail-next-edit'), status: z.union([z.literal(429), z.literal(500)]) }),
  z.strictObject({
    name: z.literal('upload-limit'),
    bytes: z
      .number()
      .int()
      .min(1)
      .max(500 * 1024 * 1024),
  }),
]);

/** The action's number, which its answer repeats. */
const common = { id: z.number().int().nonnegative() };

const clientMessage = z.discriminatedUnion('do', [
  z.strictObject({
    ...common,
    do: z.literal('invoke'),
    channelId: id,
    command: name,
    options,
    files: z.record(name, file),
    locale,
  }),
  z.strictObject({
    ...common,
    do: z.literal('autocomplete'),
    channelId: id,
    command: name,
    options,
    focused: name,
    locale,
  }),
  z.strictObject({ ...common, do: z.literal('invokeMessageCommand'), command: name, targetMessageId: id, locale }),
  z.strictObject({
    ...common,
    do: z.literal('invokeUserCommand'),
    channelId: id,
    command: name,
    targetUserId: id,
    locale,
  }),
  z.strictObject({ ...common, do: z.literal('clickButton'), messageId: id, customId: name, locale }),
  z.strictObject({
    ...common,
    do: z.literal('selectOption'),
    messageId: id,
    customId: name,
    values: z.array(name).max(25),
    locale,
  }),
  z.strictObject({
    ...common,
    do: z.literal('submitModal'),
    interactionId: id,
    values,
    files: z.record(name, file).exactOptional(),
  }),
  z.strictObject({
    ...common,
    do: z.literal('postMessage'),
    channelId: id,
    content: text,
    files: z.array(file).max(10),
    replyTo: id.exactOptional(),
  }),
  z.strictObject({ ...common, do: z.enum(['react', 'unreact']), messageId: id, emoji: name }),
  z.strictObject({ ...common, do: z.literal('deleteMessage'), messageId: id }),
  z.strictObject({ ...common, do: z.literal('createThread'), channelId: id, name: threadName }),
  z.strictObject({
    ...common,
    do: z.literal('createPost'),
    channelId: id,
    name: threadName,
    content: text,
    files: z.array(file).max(10),
  }),
  z.strictObject({ ...common, do: z.literal('archiveThread'), channelId: id, archived: z.boolean() }),
  z.strictObject({ ...common, do: z.literal('moderate'), moderator: z.boolean() }),
  z.strictObject({ ...common, do: z.literal('watchExchanges'), watch: z.boolean() }),
  z.strictObject({ ...common, do: z.literal('fault'), fault }),
]) satisfies z.ZodType<ClientMessage>;

/** A page's action, or why it is invalid; `id` where that could be read. */
export type ReadAction = { action: ClientMessage } | { problem: string; id: number | undefined };

/** Reads what came over the WebSocket: it is checked whole before anything is done. */
export function readAction(raw: string): ReadAction {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return { problem: 'That is no JSON.', id: undefined };
  }
  const result = clientMessage.safeParse(json);
  if (result.success) return { action: result.data };
  const issue = result.error.issues[0];
  const number = z.object(common).safeParse(json);
  return { problem: `${issue?.path.join('.') || 'action'}: ${issue?.message}`, id: number.data?.id };
}
