import type { UploadedFile } from './message-content.ts';
import type { Json } from './payloads.ts';
import type { RouteName } from './route-names.ts';
import type { World } from './world.ts';

/** A REST call on its way to its handler. */
export interface Call {
  world: World;
  /** By the names in the route's template, percent-decoded. */
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  body: Json;
  files: readonly UploadedFile[];
}

/** What a handler answers; a null body with status 204. */
export interface Reply {
  status: number;
  body: Json;
}

/** One REST route. */
export interface Route {
  /** Token routes carry no Authorization. Default true. */
  needsBotToken?: boolean;
  /** Query fields that exist. Default none. */
  query?: readonly string[];
  /** `json` allows a JSON body, `files` also a multipart one. Default none. */
  body?: 'json' | 'files';
  /** @throws Refusal for whatever Discord would refuse. */
  handle(call: Call): Reply;
}

/** Some of the routes. */
export type RouteGroup = Partial<Record<RouteName, Route>>;

/** 200 with a body. */
export function ok(body: Json): Reply {
  return { status: 200, body };
}

/** 204. */
export const noContent: Reply = { status: 204, body: null };
