import { wholeNumber } from './value-schemas.ts';

/** Variables that say how much people may ask for. */
export const limitVariables = {
  MAX_WAITING_PER_USER: {
    description: [
      'Limits. Managers of a server can add stricter ones for it with /kinora-config; 0 means no limit.',
      'Jobs of one person that may wait at once.',
    ],
    schema: wholeNumber({ min: 0, max: 10_000, fallback: 3 }),
    example: '3',
  },
  MAX_WAITING_PER_GUILD: {
    description: ['Jobs of one server that may wait at once; 0 means no limit.'],
    schema: wholeNumber({ min: 0, max: 10_000, fallback: 30 }),
    example: '30',
  },
  MAX_WAITING_TOTAL: {
    description: [
      'Jobs of all servers and direct messages that may wait at once, which no other limit counts together; 0 means no',
      'limit.',
    ],
    schema: wholeNumber({ min: 0, max: 100_000, fallback: 100 }),
    example: '100',
  },
  COOLDOWN_SECONDS: {
    description: ['Seconds between two jobs of one person; 0 means none.'],
    schema: wholeNumber({ min: 0, max: 86_400, fallback: 0 }),
    example: '0',
  },
  DAILY_QUOTA: {
    description: ['Clips per person in 24 hours; failed and cancelled ones do not count. 0 means no limit.'],
    schema: wholeNumber({ min: 0, max: 100_000, fallback: 0 }),
    example: '0',
  },
  MAX_STEPS: {
    description: ["The most denoising steps that may be asked for; 0 means the model's own limit."],
    schema: wholeNumber({ min: 0, max: 1_000, fallback: 0 }),
    example: '0',
  },
  MAX_FRAMES: {
    description: ["The most frames that may be asked for; 0 means the model's own limit."],
    schema: wholeNumber({ min: 0, max: 1_000, fallback: 0 }),
    example: '0',
  },
} as const;
