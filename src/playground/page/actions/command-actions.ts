import type { ApiChoice } from '../../../fake-discord/payloads.ts';
import type { FileReference, OptionValue, SamplePicture } from '../../protocol.ts';
import { commandEntries, fullName } from '../command-entries.ts';
import { pageTexts } from '../messages/all-page-messages.ts';
import { optionType } from '../option-type.ts';
import { readForm } from '../read-form.ts';
import type { ChosenPicture, CommandEntry, CommandForm } from '../state/command-form.ts';
import type { DeedsContext } from './actions-context.ts';
import { explain, say } from './explain.ts';
import { interact } from './interact.ts';

/** After the last key, before the bot is asked for proposals. */
const quietMs = 200;

/** What a person does with slash commands. */
export function createCommandActions(context: DeedsContext) {
  const { store, connection } = context;
  let asking: ReturnType<typeof setTimeout> | undefined;

  function change(changes: Partial<CommandForm>): void {
    const { form } = store.state;
    if (form !== null) store.set({ form: { ...form, ...changes } });
  }

  async function referTo(picture: ChosenPicture): Promise<FileReference> {
    return picture.kind === 'sample' ? { sample: picture.sample.name } : connection.upload(picture.file);
  }

  async function propose(option: string): Promise<void> {
    const { form, channelId, language } = store.state;
    if (form === null) return;
    const typed = form.typed[option] ?? '';
    const { options } = readForm(form, pageTexts[language]);
    const command = fullName(form.entry);
    try {
      const { choices } = await connection.send({
        do: 'autocomplete',
        channelId,
        command,
        focused: option,
        options: { ...options, [option]: typed },
        locale: pageTexts[language].locale,
      });
      const now = store.state.form;
      // Meanwhile the person typed on, or is elsewhere.
      if (now?.entry !== form.entry || (now.typed[option] ?? '') !== typed) return;
      if (now.proposals?.option === option) change({ proposals: { option, choices, active: -1 } });
    } catch {
      // Proposals are a help; a person types on without them.
      change({ proposals: null });
    }
  }

  async function send(form: CommandForm, options: Record<string, OptionValue>): Promise<void> {
    const { channelId, told } = store.state;
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
        text: explain(context, error),
        atMs: Date.now(),
        afterMessageId: told?.messages.filter((message) => message.channel_id === channelId).at(-1)?.id ?? '0',
      };
      store.set({ notices: [...store.state.notices, notice] });
    }
  }

  const actions = {
    openForm(entry: CommandEntry) {
      const shown = entry.options.filter(({ required = false }) => required).map(({ name }) => name);
      const empty = { values: {}, typed: {}, pictures: {}, problems: {}, proposals: null, isSending: false };
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
        proposals: null,
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
    /** What was typed into a box; of options that the bot completes, it is asked for proposals. */
    type(name: string, text: string, { isCompleted = false } = {}) {
      const { form } = store.state;
      if (form === null) return;
      const proposals = isCompleted ? { option: name, choices: form.proposals?.choices ?? [], active: -1 } : null;
      const { values, problems } = form;
      change({
        values: without(values, name),
        problems: without(problems, name),
        typed: { ...form.typed, [name]: text },
        proposals,
      });
      clearTimeout(asking);
      if (isCompleted) asking = setTimeout(() => void propose(name), quietMs);
    },
    highlightProposal(by: number) {
      const proposals = store.state.form?.proposals;
      if (!proposals || proposals.choices.length === 0) return;
      const { length } = proposals.choices;
      const active = (Math.max(proposals.active, by > 0 ? -1 : 0) + by + length) % length;
      change({ proposals: { ...proposals, active } });
    },
    takeProposal(name: string, { name: label, value }: ApiChoice) {
      const { form } = store.state;
      if (form === null) return;
      clearTimeout(asking);
      change({
        values: { ...form.values, [name]: value },
        typed: { ...form.typed, [name]: label },
        proposals: null,
      });
    },
    closeProposals() {
      clearTimeout(asking);
      if (store.state.form?.proposals) change({ proposals: null });
    },
    async submitForm() {
      const { form, language } = store.state;
      if (form === null || form.isSending) return;
      const { options, problems } = readForm(form, pageTexts[language]);
      change({ problems, proposals: null });
      if (Object.keys(problems).length > 0) return;
      change({ isSending: true });
      await send(form, options);
      if (store.state.form?.entry === form.entry) store.set({ form: null });
    },
    /** The first command that needs a picture and nothing else, with a sample picture. */
    async animateSample(sample: SamplePicture) {
      const { told, channelId } = store.state;
      if (told === null) return;
      const kind = told.channels.find(({ id }) => id === channelId)?.kind ?? 'guild';
      const isPicture = ({ type, required = false }: { type: number; required?: boolean }) =>
        required && type === optionType.attachment;
      const entry = commandEntries(told.commands, { kind, isAdmin: told.isAdmin }).find(
        ({ options }) =>
          options.some(isPicture) && options.every((option) => isPicture(option) || option.required !== true),
      );
      const option = entry?.options.find(isPicture);
      if (entry === undefined || option === undefined) {
        say(context, pageTexts[store.state.language].noAnswer, { isProblem: true });
        return;
      }
      const picture = { kind: 'sample', name: sample.name, url: sample.url, sample } as const;
      const empty = { values: {}, typed: {}, problems: {}, proposals: null, isSending: true };
      await send({ entry, shown: [option.name], pictures: { [option.name]: picture }, ...empty }, {});
    },
  };
  return actions;
}

function without<T>(all: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([other]) => other !== name));
}
