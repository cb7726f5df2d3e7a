import {
  type APIApplicationCommandOptionChoice,
  type APIModalInteractionResponseCallbackData,
  InteractionResponseType,
  type InternalRequest,
  REST,
} from 'discord.js';
import { fitChoices, fitMessage, fitModal } from './fit-message.ts';

/** Where messages are written: into channels, by an interaction's token, and as an interaction's first answer. */
const messageRoute = /^\/channels\/\d+\/messages(?:\/\d+)?$|^\/webhooks\/\d+\/[^/]+(?:\/messages\/[^/]+)?$/;
const callbackRoute = /^\/interactions\/\d+\/[^/]+\/callback$/;

/** discord.js' own REST client, but that everything it writes is brought within Discord's limits before it leaves. */
export class FittingRest extends REST {
  override request(request: InternalRequest): Promise<unknown> {
    return super.request(fitRequest(request));
  }
}

/** A request whose message, form or choices keep Discord's limits; every other request is left as it is. */
export function fitRequest(request: InternalRequest): InternalRequest {
  const { body, fullRoute } = request;
  if (!isPlainObject(body)) return request;
  if (messageRoute.test(fullRoute)) return { ...request, body: fitMessage(body) };
  if (!callbackRoute.test(fullRoute) || !isPlainObject(body.data)) return request;
  const data = fitAnswer(body.type, body.data);
  return { ...request, body: { ...body, data } };
}

function fitAnswer(type: unknown, data: Record<string, unknown>): unknown {
  switch (type) {
    case InteractionResponseType.Modal:
      return fitModal(data as unknown as APIModalInteractionResponseCallbackData);
    case InteractionResponseType.ApplicationCommandAutocompleteResult:
      return { ...data, choices: fitChoices(data.choices as APIApplicationCommandOptionChoice[]) };
    default:
      return fitMessage(data);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
