import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { requestUrl } from '../util/request-url.ts';
import type { FailNext } from './fail-next.ts';
import { countInvalidRequest, tellsOfEndedToken } from './invalid-requests.ts';
import type { Json, JsonObject } from './payloads.ts';
import { createRateLimits } from './rate-limits.ts';
import { type ParsedBody, parseBody, readBytes } from './read-body.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Reply } from './route.ts';
import type { RouteName } from './route-names.ts';
import { type MatchedRoute, matchRoute } from './routes.ts';
import type { RestExchange } from './types.ts';
import { recordViolation, type World } from './world.ts';

const apiPrefix = '/api/v10';

type RateLimitScope = NonNullable<FailNext['scope']>;

interface Answer extends Reply {
  headers: Record<string, string>;
}

/** Serves the REST API below `/api/v10`; `record` hears every call with its answer. */
export function createRest(
  world: World,
  record: (exchange: RestExchange) => void,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const countCall = createRateLimits(() => world.rateLimits);

  return async (request, response) => {
    const method = request.method ?? 'GET';
    const url = requestUrl(request);
    const path = url.pathname.startsWith(`${apiPrefix}/`) ? url.pathname.slice(apiPrefix.length) : null;
    const matched = path === null ? null : matchRoute(method, path);
    const query = Object.fromEntries(url.searchParams);
    const bytes = await readBytes(request);
    let parsed: ParsedBody = { json: null, files: [], isMultipart: false };

    const carryOut = async (): Promise<Answer> => {
      if (path === null || !matched) {
        recordViolation(world, `unknown route: ${method} ${url.pathname}`);
        return { status: 404, body: { message: '404: Not Found', code: 0 }, headers: {} };
      }
      // "Interaction endpoints are not bound to the bot's Global Rate Limit"; they are those without the bot's token.
      const countsGlobally = matched.route.needsBotToken !== false;
      const { headers, retryAfterSeconds, isGlobal } = countCall(matched.name, matched.params, { countsGlobally });
      if (retryAfterSeconds !== null) {
        const scope = isGlobal ? 'global' : 'user';
        return { ...tooMany(retryAfterSeconds, scope), headers: { ...headers, ...retry(retryAfterSeconds, scope) } };
      }
      try {
        parsed = await parseBody(bytes, request.headers['content-type'] ?? '');
        checkCall(world, matched, { query, parsed, authorization: request.headers.authorization });
        const { route, params } = matched;
        return { ...route.handle({ world, params, query, body: parsed.json, files: parsed.files }), headers };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // Whatever is wrong with the form of a call is a mistake of the bot (or of the stand-in), never of the moment.
        if (error.body.code === 50035 || error.body.code === 50109) {
          recordViolation(world, `${matched.name}: ${JSON.stringify(error.body)}`);
        }
        return { status: error.status, body: error.body, headers };
      }
    };

    const isUpload = (request.headers['content-type'] ?? '').startsWith('multipart/');
    const failure = takeFailure(world, matched, { isUpload });
    if (failure?.delayMs) await delay(failure.delayMs);
    const done = !failure || failure.afterEffect || failure.delayOnly ? await carryOut() : null;
    const answer = failure && !failure.delayOnly ? failedAnswer(failure) : done;
    // A call that a fault swallows still shows in the log with what it carried.
    if (!done) parsed = await parseBody(bytes, request.headers['content-type'] ?? '').catch(() => parsed);
    const scope = answer?.headers['x-ratelimit-scope'];
    const route = matched?.name ?? null;
    const isFault = failure !== null && !failure.delayOnly;
    const provoked = isFault || tellsOfEndedToken(world, answer?.status, matched?.params.token);
    countInvalidRequest(world, { at: world.now(), route, status: answer?.status ?? 0, provoked }, scope);
    const isDeviated = answer !== null && deviate(world, answer);
    if (answer) send(response, answer);
    else request.socket.destroy();
    record({
      kind: 'rest',
      at: world.now(),
      method,
      route,
      path: maskPath(path ?? url.pathname, matched),
      query,
      authorized: request.headers.authorization !== undefined,
      requestBody: structuredClone(parsed.json),
      files: parsed.files.map(({ field, name, contentType, bytes: file }) => ({
        field,
        name,
        contentType,
        sizeBytes: file.byteLength,
      })),
      status: answer?.status ?? 0,
      responseHeaders: answer?.headers ?? {},
      responseBody: structuredClone(answer?.body ?? null),
      ...(isDeviated ? { deviated: true } : {}),
    });
  };
}

/** Lets an answer stray from the documentation if that is switched on; whether it does. */
function deviate({ deviations }: World, answer: Answer): boolean {
  const body = deviations?.answer(answer.body) ?? answer.body;
  const isChanged = body !== answer.body;
  answer.body = body;
  return isChanged;
}

function checkCall(
  world: World,
  { name, route }: MatchedRoute,
  {
    query,
    parsed,
    authorization,
  }: { query: Record<string, string>; parsed: ParsedBody; authorization: string | undefined },
): void {
  if (route.needsBotToken !== false && authorization !== `Bot ${world.token}`) throw refuse('unauthorized');
  const complain = (what: string): never => {
    recordViolation(world, `${name}: ${what}`);
    throw new Refusal(400, { message: `The stand-in knows no ${what} here.`, code: 0 });
  };
  const unknown = Object.keys(query).filter((field) => !route.query?.includes(field));
  if (unknown.length > 0) complain(`query field ${unknown.join(', ')}`);
  if (parsed.json !== null && !route.body) complain('body');
  if (parsed.isMultipart && route.body !== 'files') complain('multipart body');
}

/** The first failure that waits for this route; counts it down. */
function takeFailure(world: World, matched: MatchedRoute | null, { isUpload }: { isUpload: boolean }): FailNext | null {
  const index = world.failures.findIndex(
    ({ route, uploadsOnly = false }) =>
      (route === '*' || [route].flat().includes(matched?.name as RouteName)) && (isUpload || !uploadsOnly),
  );
  const failure = world.failures[index];
  if (!failure) return null;
  failure.times -= 1;
  if (failure.times <= 0) world.failures.splice(index, 1);
  return failure;
}

/** What the bot gets instead; null: the connection is cut. */
function failedAnswer(failure: FailNext): Answer | null {
  if (failure.resetConnection) return null;
  const status = failure.status ?? 500;
  if (status === 429) {
    const seconds = failure.retryAfterSeconds ?? 1;
    const scope = failure.scope ?? 'user';
    const { body } = tooMany(seconds, scope);
    const headers = retry(seconds, scope);
    if (failure.omitRetryAfterHeader) delete headers['retry-after'];
    return { status, body: failure.body ?? body, headers };
  }
  return { status, body: failure.body ?? { message: `${status}: a fault on purpose`, code: 0 }, headers: {} };
}

function tooMany(retryAfterSeconds: number, scope: RateLimitScope): Reply {
  const body: JsonObject = {
    message: 'You are being rate limited.',
    retry_after: retryAfterSeconds,
    global: scope === 'global',
    code: 0,
  };
  return { status: 429, body };
}

/** Only this header makes the client wait; it passes over the body's value. */
function retry(seconds: number, scope: RateLimitScope): Record<string, string> {
  const global: Record<string, string> = scope === 'global' ? { 'x-ratelimit-global': 'true' } : {};
  return { 'retry-after': String(seconds), 'x-ratelimit-scope': scope, ...global };
}

function send(
  response: ServerResponse,
  { status, body, headers }: { status: number; body: Json; headers: Record<string, string> },
): void {
  const text = status === 204 ? '' : JSON.stringify(body);
  const type: Record<string, string> = status === 204 ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...headers, ...type }).end(text);
}

function maskPath(path: string, matched: MatchedRoute | null): string {
  const token = matched?.params.token;
  const shown = decodeURIComponent(path);
  return token ? shown.replace(token, 'masked') : shown;
}
