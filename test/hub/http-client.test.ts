import { describe, expect, it } from 'vitest';
import { createHttpClient, type RetryNews, type WebOptions } from '../../src/hub/http-client.ts';
import { instantClock } from '../support/fake-clock.ts';

/** Answers in order, and what was asked. */
function scripted(...answers: (Response | Error)[]) {
  const asked: { url: string; authorization: string | null }[] = [];
  const fakeFetch: typeof fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get('authorization') });
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, fetch: fakeFetch };
}

function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 302, headers: { location, ...headers } });
}

function webOf(fetchFunction: typeof fetch, options: Partial<WebOptions> = {}) {
  return createHttpClient({
    fetch: fetchFunction,
    signal: new AbortController().signal,
    idleTimeoutMs: 1_000,
    retry: { policy: { firstMs: 1, factor: 1, maxMs: 1, tries: 3 }, clock: instantClock },
    token: { value: 'secret', origin: 'https://hub.example' },
    ...options,
  });
}

describe('createWeb', () => {
  it('sends the token to its origin alone, along any chain of redirects', async () => {
    const { asked, fetch } = scripted(
      redirect('/renamed/file'),
      redirect('https://hub.example:8443/file'),
      redirect('https://hub.example.evil/file'),
      redirect('https://hub.example/back'),
      new Response('x'),
    );
    await webOf(fetch).open('https://hub.example/file');
    expect(asked).toEqual([
      { url: 'https://hub.example/file', authorization: 'Bearer secret' },
      { url: 'https://hub.example/renamed/file', authorization: 'Bearer secret' },
      { url: 'https://hub.example:8443/file', authorization: null },
      { url: 'https://hub.example.evil/file', authorization: null },
      { url: 'https://hub.example/back', authorization: 'Bearer secret' },
    ]);
  });

  it('sends no token to a foreign address that it is told to open', async () => {
    const { asked, fetch } = scripted(new Response('[]'));
    await webOf(fetch).open('https://elsewhere.example/api/models/a/b/tree/main?cursor=1');
    expect(asked[0]?.authorization).toBeNull();
  });

  it.each([
    ['http://hub.example/file', 'to plain http'],
    ['file:///etc/passwd', 'to a file'],
    ['http://[', 'to nonsense'],
  ])('does not follow a redirect to %s (%s)', async (location) => {
    const { fetch } = scripted(redirect(location));
    await expect(webOf(fetch).open('https://hub.example/file')).rejects.toMatchObject({ code: 'unsafe-redirect' });
  });

  it('does not follow redirects for ever', async () => {
    const { fetch } = scripted(...Array.from({ length: 20 }, () => redirect('/again')));
    await expect(webOf(fetch).open('https://hub.example/file')).rejects.toMatchObject({ code: 'unsafe-redirect' });
  });

  it('reads the ETag and size that the first host vouches for', async () => {
    const linked = { 'X-Linked-ETag': '"abc"', 'X-Linked-Size': '12' };
    const { fetch } = scripted(
      redirect('https://cdn.example/x', linked),
      new Response('x', { headers: { ETag: '"other"' } }),
    );
    const answer = await webOf(fetch).open('https://hub.example/file');
    expect(answer).toMatchObject({ linkedEtag: 'abc', linkedSizeBytes: 12 });
  });

  it('takes the ETag of the storage for nothing but the storage', async () => {
    const { fetch } = scripted(redirect('https://cdn.example/x'), new Response('x', { headers: { ETag: '"cdn"' } }));
    expect((await webOf(fetch).open('https://hub.example/file')).linkedEtag).toBeUndefined();
  });

  it('tries again after network errors and 5xx, and names the last one', async () => {
    const news: RetryNews[] = [];
    const { fetch, asked } = scripted(new Error('reset'), new Response('', { status: 502 }), new Error('reset again'));
    const web = webOf(fetch, { onRetry: (entry) => news.push(entry) });
    await expect(web.open('https://hub.example/file?signature=x')).rejects.toMatchObject({
      code: 'connection-lost',
      message: expect.stringMatching(/^The connection to hub.example\/file failed \(reset again\)/),
    });
    expect(asked).toHaveLength(3);
    expect(news.map(({ reason }) => reason)).toEqual(['reset', 'the server answered 502']);
  });

  it('hands errors of the asker back at once', async () => {
    const { fetch, asked } = scripted(new Response('', { status: 404 }));
    expect((await webOf(fetch).open('https://hub.example/file')).response.status).toBe(404);
    expect(asked).toHaveLength(1);
  });

  it('stops with the reason of its signal', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const { fetch } = scripted(new Error('aborted'));
    await expect(webOf(fetch, { signal: controller.signal }).open('https://hub.example/')).rejects.toThrow('enough');
  });
});
