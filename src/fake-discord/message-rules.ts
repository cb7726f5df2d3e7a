import { messageComponents } from './component-rules.ts';
import { choice, fields, id, list, number, orNull, type Rule, text, truth } from './form-rules.ts';

const embedUrl = orNull(text({ max: 2048, pattern: /^(https?|attachment):\/\/.+/ }));
const embedPicture = orNull(fields({ url: embedUrl, description: orNull(text({ max: 4096 })) }, ['url']));

const embed = fields({
  type: orNull(choice('rich')),
  url: embedUrl,
  title: orNull(text({ max: 256 })),
  description: orNull(text({ max: 4096 })),
  color: orNull(number({ min: 0, max: 0xffffff })),
  timestamp: orNull(text({ max: 40, pattern: /^\d{4}-\d\d-\d\dT/ })),
  author: orNull(fields({ name: text({ min: 1, max: 256 }), url: embedUrl, icon_url: embedUrl }, ['name'])),
  footer: orNull(fields({ text: text({ min: 1, max: 2048 }), icon_url: embedUrl }, ['text'])),
  image: embedPicture,
  thumbnail: embedPicture,
  fields: orNull(
    list(
      fields({ name: text({ min: 1, max: 256 }), value: text({ min: 1, max: 1024 }), inline: orNull(truth) }, [
        'name',
        'value',
      ]),
      { max: 25 },
    ),
  ),
});

const allowedMentions = fields({
  parse: orNull(list(choice('users', 'roles', 'everyone'), { max: 3 })),
  users: orNull(list(id, { max: 100 })),
  roles: orNull(list(id, { max: 100 })),
  replied_user: orNull(truth),
});

const attachment = fields(
  {
    id,
    filename: orNull(text({ min: 1, max: 1024 })),
    description: orNull(text({ max: 1024 })),
    title: orNull(text({ max: 1024 })),
    is_spoiler: orNull(truth),
  },
  ['id'],
);

const nonce: Rule = (value, path, found) => {
  if (typeof value === 'number') number({ min: -(2 ** 63), max: 2 ** 63 })(value, path, found);
  else text({ max: 25 })(value, path, found);
};

/** What every kind of message body may carry. */
const common = {
  content: orNull(text({ max: 2000 })),
  embeds: orNull(list(embed, { max: 10 })),
  allowed_mentions: orNull(allowedMentions),
  components: orNull(messageComponents),
  flags: orNull(number({ min: 0, max: 0xffff })),
  attachments: orNull(list(attachment, { max: 10 })),
} as const;

/** The body of `PATCH` on a message, of a channel or of an interaction, and of an answer that updates one. */
export const messageEdit: Rule = fields(common);

/**
 * A new message as an interaction's answer, and the body of a follow-up. Neither knows nonces:
 * https://docs.discord.com/developers/interactions/receiving-and-responding and /resources/webhook#execute-webhook.
 */
export const messageAnswer: Rule = fields({ ...common, tts: orNull(truth) });

/** The body of `POST /channels/:channel/messages`. */
export const messageCreate: Rule = fields({
  ...common,
  tts: orNull(truth),
  nonce: orNull(nonce),
  enforce_nonce: orNull(truth),
  message_reference: orNull(
    fields(
      {
        type: orNull(choice(0)),
        message_id: id,
        channel_id: orNull(id),
        guild_id: orNull(id),
        fail_if_not_exists: orNull(truth),
      },
      ['message_id'],
    ),
  ),
});
