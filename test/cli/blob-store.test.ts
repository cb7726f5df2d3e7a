import { describe, expect, it } from 'vitest';
import { checkBlobStore, warnOfBlobStore } from '../../src/cli/doctor/check-blob-store.ts';
import { readConfig } from '../../src/config/config.ts';
import { fakeS3Address, s3Credentials, startFakeS3 } from '../support/fake-s3.ts';
import { createRecordingLog } from '../support/recording-log.ts';

async function setUp(changes: Readonly<Record<string, string>> = {}) {
  const fake = await startFakeS3();
  const { region } = fakeS3Address(fake);
  const config = readConfig({
    QUEUE_URL: 'redis://127.0.0.1',
    BLOB_URL: `s3://clips/kinora?endpoint=${fake.url}`,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
    ...changes,
  });
  return { fake, config };
}

describe('the store of BLOB_URL', () => {
  it('is well where the bot and workers can bring, fetch and delete, and nothing is left there', async () => {
    const { fake, config } = await setUp();
    expect(await checkBlobStore(config)).toMatchObject([
      {
        check: 'Blob store',
        verdict: 'ok',
        text: expect.stringMatching(/takes, gives and deletes, by keys and by links/),
      },
    ]);
    expect(fake.objects.size).toBe(0);
    const log = createRecordingLog();
    await warnOfBlobStore(config.blobs, log);
    expect(log.events).toMatchObject([{ level: 'info', fields: { bucket: 'clips' } }]);
    expect(JSON.stringify(log.events)).not.toContain(s3Credentials.secretAccessKey);
  });

  it('fails with keys that are not right, and the start warns in the same words', async () => {
    const { config } = await setUp({ AWS_SECRET_ACCESS_KEY: 'another-secret' });
    const [found] = await checkBlobStore(config);
    expect(found).toMatchObject({ verdict: 'fails', text: expect.stringMatching(/BLOB_URL.*SignatureDoesNotMatch/) });
    const log = createRecordingLog();
    await warnOfBlobStore(config.blobs, log);
    expect(log.events).toMatchObject([{ level: 'warn', message: found?.text }]);
  });

  it.each([
    [120_000, 'note', /works, but its clock and this machine's are 1(19|20) s apart/],
    [
      1_200_000,
      'fails',
      /refuses links: its clock and this machine's are 1(199|200) s apart; set this machine's clock/,
    ],
  ])('a clock that is %i ms off is told of', async (aheadMs, verdict, text) => {
    const { fake, config } = await setUp();
    fake.aheadMs = aheadMs;
    expect(await checkBlobStore(config)).toMatchObject([{ verdict, text: expect.stringMatching(text) }]);
  });

  it('is of no use without workers on other hosts', async () => {
    const { fake, config } = await setUp({ QUEUE_URL: '' });
    expect(await checkBlobStore(config)).toMatchObject([
      { verdict: 'note', text: expect.stringContaining('QUEUE_URL') },
    ]);
    expect(fake.asked).toEqual([]);
  });
});
