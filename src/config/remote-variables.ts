import { z } from 'zod';

const workerToken = z
  .string()
  .regex(/^[\w.~+/=-]{16,500}$/, 'must be 16 characters or more: letters, digits and . _ ~ + / = - alone')
  .optional();

const workerUrl = z
  .string()
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password, search, hash } = new URL(text);
    return ['http:', 'https:'].includes(protocol) && username + password + search + hash === '';
  }, 'must be an http or https address without a user or a query')
  .transform((text) => text.replace(/\/+$/, ''))
  .optional();

const listenPattern = /^(?:(\[[\da-f:.]+\]|[a-z\d.-]+):)?(\d{1,5})$/i;

const listenAddress = z
  .string()
  .transform((text, context) => {
    const [, host = '127.0.0.1', port] = listenPattern.exec(text) ?? [];
    if (Number(port) >= 1 && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    context.addIssue({ code: 'custom', message: 'must be a port from 1 to 65535, or host:port' });
    return z.NEVER;
  })
  .optional();

const workerName = z
  .string()
  .regex(/^[\w.-]{1,60}$/, 'must be up to 60 letters, digits, and . _ - alone')
  .optional();

/** Variables of several hosts: the bot on one, workers on others. docs/operating.md says which is set where. */
export const remoteVariables = {
  WORKER_LISTEN: {
    description: [
      'Where the bot listens for its workers: a port (this host alone), or host:port. Pictures and clips travel over it',
      'unencrypted: keep it in a private network, or behind a proxy with TLS.',
    ],
    schema: listenAddress,
    example: '0.0.0.0:9466',
  },
  WORKER_TOKEN: {
    description: [
      'What the bot knows its workers by, the same at both: 16 characters or more, for example of `openssl rand -hex 32`.',
    ],
    schema: workerToken,
    example: 'paste-the-same-secret-here',
    secret: true,
  },
  WORKER_URL: {
    description: ["For `kinora worker`: the address of the bot's WORKER_LISTEN."],
    schema: workerUrl,
    example: 'http://bot.example:9466',
  },
  WORKER_NAME: {
    description: [
      "For `kinora worker`: its name in status and log, which no other has. Unset: the host's name and the process id.",
    ],
    schema: workerName,
    example: 'gpu-host-1',
  },
} as const;
