import type { Route } from './route.ts';
import type { RouteName } from './route-names.ts';
import { applicationRoutes } from './routes/applications.ts';
import { channelRoutes } from './routes/channels.ts';
import { guildRoutes } from './routes/guilds.ts';
import { interactionRoutes } from './routes/interactions.ts';
import { reactionRoutes } from './routes/reactions.ts';
import { webhookRoutes } from './routes/webhooks.ts';

const routes: Readonly<Record<RouteName, Route>> = {
  ...applicationRoutes,
  ...channelRoutes,
  ...guildRoutes,
  ...interactionRoutes,
  ...reactionRoutes,
  ...webhookRoutes,
};

/** A route with what its calls look like. */
interface Pattern {
  name: RouteName;
  route: Route;
  segments: readonly string[];
}

/** By verb and number of segments, since every call is looked up. */
const patterns = new Map<string, Pattern[]>();
for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
  const [verb = '', template = ''] = name.split(' ');
  const segments = template.split('/').slice(1);
  const key = `${verb} ${segments.length}`;
  patterns.set(key, [...(patterns.get(key) ?? []), { name, route, segments }]);
}

/** A route that fits a call. */
export interface MatchedRoute {
  name: RouteName;
  route: Route;
  params: Record<string, string>;
}

/** Finds the route of a call; `path` is below `/api/v10`. Literal segments go before parameters. */
export function matchRoute(method: string, path: string): MatchedRoute | null {
  const segments = path.split('/').slice(1).map(decodeURIComponent);
  let best: (MatchedRoute & { literals: number }) | null = null;
  for (const { name, route, segments: pattern } of patterns.get(`${method} ${segments.length}`) ?? []) {
    const params: Record<string, string> = {};
    let literals = 0;
    const fits = pattern.every((part, index) => {
      const segment = segments[index] as string;
      if (part.startsWith(':')) params[part.slice(1)] = segment;
      else literals += 1;
      return part.startsWith(':') ? segment !== '' : part === segment;
    });
    if (fits && (!best || literals > best.literals)) best = { name, route, params, literals };
  }
  return best;
}
