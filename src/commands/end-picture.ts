import { type ButtonInteraction, ComponentType, type ModalSubmitInteraction } from 'discord.js';
import { buttonId } from '../bot/button-id.ts';
import type { PictureFile } from '../bot/download.ts';
import type { FoundPicture } from '../bot/find-pictures.ts';
import { UserError } from '../errors.ts';
import type { Job } from '../storage/job.ts';
import { pictureOf } from './animate.ts';
import { remake } from './clip-buttons.ts';
import type { ButtonAction, CommandContext, FormAction } from './command.ts';
import { messagesFor } from './i18n.ts';

const fileField = 'picture';

/**
 * 🖼️: opens a form for the picture that the clip is to end with. A form of its own, since Discord takes five fields in one, which
 * ✏️ has already.
 */
export const endPictureButton = {
  action: 'end',
  async execute(interaction, jobId, context) {
    await refuseSeamless(jobId, context);
    await interaction.showModal(await formFor(interaction, jobId, context));
  },
} satisfies ButtonAction;

/** The form's answer: the same picture and settings once more, on the way to the other picture. */
export const endPictureForm = {
  action: 'end',
  async execute(interaction, jobId, context) {
    const endPicture = uploadedPicture(interaction);
    const { model } = context;
    const change = ({ id, form }: Job) => ({
      id,
      use: 'render' as const,
      // A loop that all of the model's clips have was not chosen, and would lead back to the first picture.
      ...(form && form.loop === model.loop && { form: { ...form, loop: 'none' as const } }),
    });
    await remake(interaction, { action: 'end', jobId, endPicture, change }, context);
  },
} satisfies FormAction;

/** Before somebody chooses a file in vain. */
async function refuseSeamless(jobId: string, { jobs }: CommandContext): Promise<void> {
  const job = await jobs.find(jobId);
  if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
  if (job.form?.loop === 'seamless') throw new UserError('end-of-seamless-loop', 'A seamless loop ends as it begins.');
}

async function formFor(interaction: ButtonInteraction, jobId: string, { guildSettings }: CommandContext) {
  const { endPicture, betweenCost } = (await messagesFor(interaction, guildSettings)).clip;
  return {
    custom_id: buttonId({ action: 'end', jobId }),
    title: endPicture.title,
    components: [
      {
        type: ComponentType.Label as const,
        label: endPicture.picture,
        description: betweenCost,
        component: { type: ComponentType.FileUpload as const, custom_id: fileField, file_types: ['image' as const] },
      },
    ],
  };
}

/** @throws UserError `no-picture-there` */
function uploadedPicture({ fields }: ModalSubmitInteraction): PictureFile & Pick<FoundPicture, 'isSpoiler'> {
  const file = fields.getUploadedFiles(fileField)?.first();
  if (file === undefined) throw new UserError('no-picture-there', 'The form came without a file.');
  return pictureOf(file);
}
