import type { ApiChoice } from '../../../fake-discord/payloads.ts';
import type { FileReference, OptionValue, SamplePicture } from '../../protocol.ts';
import { type CommandEntry, commandEntries, fullName, optionType } from '../command-entries.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import { type ChosenPicture, type CommandForm, readForm } from '../state/command-form.ts';
import { type ActionContext, explainError, interact, showToast } from './actions-context.ts';

/** Pause after the last key stroke before the bot is asked for suggestions. */
const quietMs = 200;

/** What a person does with slash commands. */
export function createCommandActions(context: ActionContext) {
  const { store, connection } = context;
  let asking: ReturnType<typeof setTimeout> | undefined;

  function change(changes: Partial<CommandForm>): void {
    const { form } = store.state;
    if (form !== null) store.set({ form: { ...form, ...changes } });
  }

  async function referTo(picture: ChosenPicture): Promise<FileReference> {
    return picture.kind === 'sample' ? { sample: picture.sample.name } : connection.upload(picture.file);
  }

  async function suggest(option: string): Promise<void> {
    const { form, channelId, language } = store.state;
    if (form === null) return;
    const typed = form.typed[option] ?? '';
    const { options } = readForm(form, pageMessages[language]);
    const command = fullName(form.entry);
    try {
      const { choices } = await connection.send({
        do: 'autocomplete',
        channelId,
        command,
        focused: option,
        options: { ...options, [option]: typed },
        locale: pageMessages[language].locale,
      });
      const now = store.state.form;
      // The person has typed more, or opened another form, since the request.
      if (now?.entry !== form.entry || (now.typed[option] ?? '') !== typed) return;
      if (now.suggestions?.option === option) change({ suggestions: { option, choices, active: -1 } });
    } catch {
      // Without suggestions the option can still be typed.
      change({ suggestions: null });
    }
  }

  async function send(form: CommandForm, options: Record<string, OptionValue>): Promise<void> {
    const { channelId, session } = store.state;
    const command = fullName(form.entry);
    store.set({ sentCount: store.state.sentCount + 1 });
    const chosen = Object.entries(form.pictures).filter(([name]) => form.shown.includes(name));
    try {
      const files = await Promise.all(chosen.map(async ([name, picture]) => [name, await referTo(picture)] as const));
      await interact(context, { do: 'invoke', channelId, command, options, files: Object.fromEntries(files) });
    } catch (error) {
      const notice = {
        id: crypto.randomUUID(),
        channelId,
        command,
        text: explainError(context, error),
        atMs: Date.now(),
        afterMessageId: session?.messages.filter((message) => message.channel_id === channelId).at(-1)?.id ?? '0',
      };
      store.set({ notices: [...store.state.notices, notice] });
    }
  }

  const actions = {
    openForm(entry: CommandEntry) {
      const shown = entry.options.filter(({ required = false }) => required).map(({ name }) => name);
      const empty = { values: {}, typed: {}, pictures: {}, problems: {}, suggestions: null, isSending: false };
      store.set({ form: { entry, shown, ...empty }, draft: '', commandIndex: 0 });
    },
    closeForm() {
      store.set({ form: null });
    },
    addOption(name: string) {
      const { form } = store.state;
      if (form !== null) change({ shown: [...form.shown, name] });
    },
    removeOption(name: string) {
      const { form } = store.state;
      if (form === null) return;
      const shown = form.shown.filter((other) => other !== name);
      const { values, typed, pictures, problems } = form;
      change({
        shown,
        values: without(values, name),
        typed: without(typed, name),
        pictures: without(pictures, name),
        problems: without(problems, name),
        suggestions: null,
      });
    },
    setValue(name: string, value: OptionValue) {
      const { form } = store.state;
      if (form !== null) change({ values: { ...form.values, [name]: value }, problems: without(form.problems, name) });
    },
    setPicture(name: string, picture: ChosenPicture | null) {
      const { form } = store.state;
      if (form === null) return;
      const others = without(form.pictures, name);
      change({
        pictures: picture === null ? others : { ...others, [name]: picture },
        problems: without(form.problems, name),
      });
    },
    /** Takes over what was typed into a box. With `isCompleted`, the bot is asked for suggestions. */
    type(name: string, text: string, { isCompleted = false } = {}) {
      const { form } = store.state;
      if (form === null) return;
      const suggestions = isCompleted ? { option: name, choices: form.suggestions?.choices ?? [], active: -1 } : null;
      const { values, problems } = form;
      change({
        values: without(values, name),
        problems: without(problems, name),
        typed: { ...form.typed, [name]: text },
        suggestions,
      });
      clearTimeout(asking);
      if (isCompleted) asking = setTimeout(() => void suggest(name), quietMs);
    },
    /** Asks the bot for suggestions for the text that is in the box already. */
    openSuggestions(name: string) {
      clearTimeout(asking);
      change({ suggestions: { option: name, choices: [], active: -1 } });
      asking = setTimeout(() => void suggest(name), quietMs);
    },
    highlightSuggestion(by: number) {
      const suggestions = store.state.form?.suggestions;
      if (!suggestions || suggestions.choices.length === 0) return;
      const { length } = suggestions.choices;
      const active = (Math.max(suggestions.active, by > 0 ? -1 : 0) + by + length) % length;
      change({ suggestions: { ...suggestions, active } });
    },
    takeSuggestion(name: string, { name: label, value }: ApiChoice) {
      const { form } = store.state;
      if (form === null) return;
      clearTimeout(asking);
      change({
        values: { ...form.values, [name]: value },
        typed: { ...form.typed, [name]: label },
        suggestions: null,
      });
    },
    closeSuggestions() {
      clearTimeout(asking);
      if (store.state.form?.suggestions) change({ suggestions: null });
    },
    async submitForm() {
      const { form, language } = store.state;
      if (form === null || form.isSending) return;
      const { options, problems } = readForm(form, pageMessages[language]);
      change({ problems, suggestions: null });
      if (Object.keys(problems).length > 0) return;
      change({ isSending: true });
      await send(form, options);
      if (store.state.form?.entry === form.entry) store.set({ form: null });
    },
    /** Sends the first command whose only required option is a picture, with a sample picture. */
    async animateSample(sample: SamplePicture) {
      const { session, channelId } = store.state;
      if (session === null) return;
      const kind = session.channels.find(({ id }) => id === channelId)?.kind ?? 'guild';
      const isPicture = ({ type, required = false }: { type: number; required?: boolean }) =>
        required && type === optionType.attachment;
      const entry = commandEntries(session.commands, { kind, isAdmin: session.isAdmin }).find(
        ({ options }) =>
          options.some(isPicture) && options.every((option) => isPicture(option) || option.required !== true),
      );
      const option = entry?.options.find(isPicture);
      if (entry === undefined || option === undefined) {
        showToast(context, pageMessages[store.state.language].noAnswer, { isProblem: true });
        return;
      }
      const picture = { kind: 'sample', name: sample.name, url: sample.url, sample } as const;
      const empty = { values: {}, typed: {}, problems: {}, suggestions: null, isSending: true };
      await send({ entry, shown: [option.name], pictures: { [option.name]: picture }, ...empty }, {});
    },
  };
  return actions;
}

function without<T>(all: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([other]) => other !== name));
}
