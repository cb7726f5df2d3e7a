import type { ApiCommandOption } from '../../../fake-discord/payloads.ts';
import type { OptionValue } from '../../protocol.ts';
import { localisedName } from '../localised.ts';
import { optionType } from '../option-type.ts';
import type { Page } from '../page.ts';
import { displayName } from './display-name.ts';

interface LabelledChoice {
  label: string;
  value: OptionValue;
}

/** What can be chosen for an option: what was declared, or what there is; undefined where anything can be typed. */
export function choicesFor(
  { type, choices }: ApiCommandOption,
  { texts, told }: Pick<Page, 'texts' | 'told'>,
): LabelledChoice[] | undefined {
  if (choices !== undefined) {
    return choices.map((choice) => ({ label: localisedName(choice, texts.locale), value: choice.value }));
  }
  const people = [...told.users.values()].map((user) => ({ label: `@${displayName(user)}`, value: user.id }));
  const roles = told.roles.map(({ id, name }) => ({ label: `@${name.replace(/^@/, '')}`, value: id }));
  switch (type) {
    case optionType.boolean:
      return [
        { label: texts.yes, value: true },
        { label: texts.no, value: false },
      ];
    case optionType.user:
      return people;
    case optionType.mentionable:
      return [...people, ...roles];
    case optionType.role:
      return roles.length === 0 ? undefined : roles;
    case optionType.channel:
      return told.channels
        .filter(({ kind }) => kind === 'guild')
        .map(({ id, name }) => ({ label: `#${name}`, value: id }));
    default:
      return undefined;
  }
}
