import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { inject } from 'vitest';
import { isObject } from '../../src/fake-discord/form-rules.ts';
import type { Json, JsonObject } from '../../src/fake-discord/payloads.ts';
import type { GatewayExchange } from '../../src/fake-discord/types.ts';

type Side = 'receive' | 'send';

/** What checks the payloads, by the side that has them and the name of their schema: see compile-schemas.ts. */
const checks = await loadChecks();

async function loadChecks(): Promise<Readonly<Partial<Record<string, ValidateFunction>>>> {
  const answer = await fetch(inject('gatewayChecksDoor'));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The schemas of gateway payloads do not compile: ${text}`);
  return createRequire(import.meta.url)(text);
}

/** Opcodes other than dispatches: the name of their schema, by who sends them. */
const received: Readonly<Record<number, string>> = { 9: 'invalidSession', 10: 'hello' };
const sent: Readonly<Record<number, string>> = { 1: 'heartbeat', 2: 'identify', 3: 'presence', 6: 'resume' };

/** What a gateway payload has that the schemas of discord-api-types do not allow, one string a deviation. */
export function gatewayDeviations({ direction, payload }: GatewayExchange): string[] {
  const opcode = Number(payload.op);
  if (direction === 'out') return check('send', sent[opcode] ?? `opcode ${opcode}`, payload.d);
  if (opcode === 0) {
    // RESUMED has no data that anyone documents.
    if (payload.t === 'RESUMED') return envelope(payload);
    const name = payload.t === 'INTERACTION_CREATE' ? interactionSchema(payload.d) : String(payload.t);
    return [...envelope(payload), ...check('receive', name, payload.d)];
  }
  if (opcode === 7 || opcode === 11) return payload.d === null ? [] : [`gateway: opcode ${opcode} carries data`];
  return check('receive', received[opcode] ?? `opcode ${opcode}`, payload.d);
}

/** One schema per kind of interaction: the errors of their union would say nothing. */
function interactionSchema(interaction: Json | undefined): string {
  const { type, data } = isObject(interaction) ? interaction : {};
  const isMessageCommand = isObject(data) && data.type === 3;
  if (type === 2 && isObject(data) && data.type === 2) return 'userCommandInteraction';
  if (type === 2) return isMessageCommand ? 'messageCommandInteraction' : 'chatInputInteraction';
  if (type === 3) return 'componentInteraction';
  return type === 4 ? 'autocompleteInteraction' : 'modalSubmitInteraction';
}

function envelope({ s, t }: JsonObject): string[] {
  return Number.isInteger(s) && typeof t === 'string' ? [] : ['gateway: a dispatch needs s and t'];
}

function check(side: Side, name: string, data: unknown): string[] {
  const validate = checks[`${side}_${name}`];
  if (!validate) return [`gateway: nothing is known of ${name} (${side})`];
  if (validate(data)) return [];
  return deepest(validate.errors ?? []).map((error) => {
    const detail = Object.values(error.params).join(', ');
    return `gateway ${name}${error.instancePath} ${error.message} (${detail})`;
  });
}

/** Unions complain once per member; what lies deepest is what the closest member had to say. */
function deepest(errors: readonly ErrorObject[]): ErrorObject[] {
  const depth = (error: ErrorObject): number => error.instancePath.split('/').length;
  const most = Math.max(...errors.map(depth));
  return errors.filter((error) => depth(error) === most).slice(0, 8);
}
