import {
  type APIApplicationCommandOptionChoice,
  type APIModalInteractionResponseCallbackData,
  InteractionResponseType,
  type InternalRequest,
  REST,
  type RESTOptions,
  Routes,
} from 'discord.js';
import type { ChannelPace } from './channel-pace.ts';
import { withFileBody } from './file-body.ts';
import { fitChoices, fitMessage, fitModal } from './fit-message.ts';
import { withoutNulls } from './guard-packets.ts';

/** Where messages are written: into channels, by an interaction's token, and as an interaction's first answer. */
const messageRoute = /^\/channels\/\d+\/messages(?:\/\d+)?$|^\/webhooks\/\d+\/[^/]+(?:\/messages\/[^/]+)?$/;
const callbackRoute = /^\/interactions\/\d+\/[^/]+\/callback$/;

/** discord.js' own REST client, but that all it writes is brought within Discord's limits and fields before it leaves. */
export class FittingRest extends REST {
  readonly #pace: ChannelPace | undefined;

  constructor(options?: Partial<RESTOptions>, pace?: ChannelPace) {
    super(options);
    this.#pace = pace;
  }

  override async request(request: InternalRequest): Promise<unknown> {
    const send = () => super.request(withFileBody(fitRequest(request)));
    const answer = await (this.#pace?.send(request, send) ?? send());
    return isParsed(request.fullRoute) ? withoutNulls(answer) : answer;
  }
}

/**
 * Whether discord.js makes an object of its own of the answer. A null where the documentation has an object, a list or no
 * such field is a TypeError there, after the deed: the message is posted, and the job that belongs to it lost. A field
 * that is null in a new object is the same to discord.js as one that is absent.
 */
function isParsed(fullRoute: string): boolean {
  return messageRoute.test(fullRoute) || callbackRoute.test(fullRoute) || fullRoute === Routes.currentApplication();
}

/**
 * A request whose message, form or choices keep Discord's limits and carry only fields that are documented there; every
 * other request is left as it is.
 */
export function fitRequest(request: InternalRequest): InternalRequest {
  const { method, body, fullRoute } = request;
  if (!isPlainObject(body)) return request;
  if (messageRoute.test(fullRoute)) {
    return { ...request, body: fitMessage(withoutFields(body, unknownFields(method, fullRoute))) };
  }
  if (!callbackRoute.test(fullRoute) || !isPlainObject(body.data)) return request;
  // An update edits the message that the component is on.
  const unknown = body.type === InteractionResponseType.UpdateMessage ? editUnknown : nonceFields;
  const data = fitAnswer(body.type, withoutFields(body.data, unknown));
  return { ...request, body: { ...body, data } };
}

const nonceFields = ['nonce', 'enforce_nonce'] as const;
const editUnknown = [...nonceFields, 'tts'] as const;

/**
 * What discord.js writes into every message although the documentation has it for some alone: nonces are for new messages
 * in channels, and `tts` for new ones anywhere. See https://docs.discord.com/developers/resources/message#create-message,
 * its "Edit Message", and "Execute Webhook" of /resources/webhook.
 */
function unknownFields(method: string, fullRoute: string): readonly string[] {
  if (method === 'PATCH') return editUnknown;
  return fullRoute.startsWith('/webhooks/') ? nonceFields : [];
}

function withoutFields(body: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
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
