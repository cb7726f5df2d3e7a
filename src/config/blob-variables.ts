import { z } from 'zod';

const known = new Set(['endpoint', 'region']);

const endpoint = z
  .string()
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password, search, hash } = new URL(text);
    return ['http:', 'https:'].includes(protocol) && username + password + search + hash === '';
  }, 'must be an http or https address without a user or a query')
  .transform((text) => text.replace(/\/+$/, ''));

const region = z.string().regex(/^[a-z\d-]{1,40}$/, 'must be a region such as eu-central-1');

const blobUrl = z
  .string()
  .transform((text, context) => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (!URL.canParse(text)) return refuse('must be s3://BUCKET/PREFIX');
    const url = new URL(text);
    if (url.protocol !== 's3:' || url.hostname === '') return refuse('must be s3://BUCKET/PREFIX');
    if (url.username + url.password !== '') {
      return refuse('must be without keys: they go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
    }
    const other = [...url.searchParams.keys()].find((name) => !known.has(name));
    if (other !== undefined) return refuse(`must have no other parameters than endpoint and region, not ${other}`);
    const given = Object.fromEntries(url.searchParams);
    const where = z.object({ endpoint: endpoint.optional(), region: region.optional() }).safeParse(given);
    if (!where.success) {
      const [issue] = where.error.issues;
      return refuse(`has a parameter that cannot be used: ${issue?.path.join('.')} ${issue?.message}`);
    }
    const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
    return { bucket: url.hostname, prefix: path === '' ? '' : `${path}/`, ...where.data };
  })
  .optional();

const word = z.string().regex(/^\S+$/, 'must be one word, without spaces and quotes').optional();

/** Variables of the store that files travel over between the bot and its workers. */
export const blobVariables = {
  BLOB_URL: {
    description: [
      'For a bot with workers on other hosts: files go over this S3-compatible store instead of WORKER_LISTEN, as',
      "s3://BUCKET/PREFIX?endpoint=https://…&region=…; without an endpoint it is Amazon's. Workers reach it by links, and need",
      'no keys. Nothing is kept there.',
    ],
    schema: blobUrl,
    example: 's3://kinora-clips/bot-1?endpoint=https://minio.example:9000',
  },
  AWS_ACCESS_KEY_ID: {
    description: ['Who may use the bucket of BLOB_URL. Unset: what the machine offers (a profile, a role).'],
    schema: word,
    example: 'paste-the-key-here',
    secret: true,
  },
  AWS_SECRET_ACCESS_KEY: {
    description: ['The secret that belongs to AWS_ACCESS_KEY_ID.'],
    schema: word,
    example: 'paste-the-secret-here',
    secret: true,
  },
  AWS_SESSION_TOKEN: {
    description: ['Where the two are temporary: what belongs to them.'],
    schema: word,
    example: 'paste-the-token-here',
    secret: true,
  },
  AWS_REGION: {
    description: ['The region of the bucket where BLOB_URL names none.'],
    schema: region.default('us-east-1'),
    example: 'us-east-1',
  },
  AWS_ENDPOINT_URL_S3: {
    description: ['The address of the store where BLOB_URL names none.'],
    schema: endpoint.optional(),
    example: 'https://minio.example:9000',
  },
} as const;
