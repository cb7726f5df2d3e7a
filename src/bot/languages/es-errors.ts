import type { Messages } from './messages.ts';
import { decimalFor, pluralFor } from './plural.ts';

const plural = pluralFor('es');
const decimal = decimalFor('es');

/** Spanish, of what was refused and what went wrong. */
export const esErrors: Messages['errors'] = {
  'picture-empty': () => 'El archivo está vacío. Adjunta una imagen JPEG, PNG, WebP, GIF o AVIF.',
  'picture-too-many-bytes': ({ limitMb }) =>
    `El archivo es demasiado grande: las imágenes pueden tener hasta ${limitMb} MB.`,
  'picture-not-a-picture': ({ found }) =>
    `Ese archivo no es una imagen${found === 'unknown' ? '' : ` (parece: ${found})`}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
  'picture-unsupported': ({ found }) => `Aquí no se admiten imágenes ${found}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
  'picture-heic': () =>
    'Aquí no se pueden leer imágenes HEIC. Guarda la tuya como JPEG y adjúntala; en un iPhone: Ajustes, Cámara, Formatos, «Más compatible».',
  'picture-blank': () => 'Esa imagen está en blanco. Adjunta otra.',
  'picture-too-many-pixels': ({ limitMegapixels }) =>
    `La imagen tiene demasiados píxeles: el límite es de ${limitMegapixels} megapíxeles.`,
  'picture-too-large-interlaced': ({ limitMegapixels }) =>
    `Las imágenes progresivas o entrelazadas pueden tener hasta ${limitMegapixels} megapíxeles. Guarda la tuya como JPEG o PNG normal, o hazla más pequeña.`,
  'picture-broken': () =>
    'La imagen está dañada o cortada y no se puede leer. Guárdala de nuevo y adjunta el archivo nuevo.',
  'picture-timeout': ({ limitSeconds }) =>
    `Leer la imagen tardó más de ${limitSeconds} s. Prueba con una más sencilla.`,
  'picture-host': () => 'Solo se pueden usar imágenes que estén en Discord. Adjunta el archivo en vez de un enlace.',
  'picture-unreachable': () => 'Discord no envió la imagen. Adjúntala otra vez.',
  'picture-slow': ({ limitSeconds }) => `Descargar la imagen tardó más de ${limitSeconds} s. Inténtalo de nuevo.`,
  'option-range': ({ option, min, max }) => `\`${option}\` debe ser un número entero de ${min} a ${max}.`,
  'settings-invalid': ({ setting, value, from, to, multipleOf }) => {
    const kind =
      multipleOf === 0 ? 'un número' : multipleOf === 1 ? 'un número entero' : `un múltiplo de ${multipleOf}`;
    return `Con este modelo, \`${setting}\` debe ser ${kind} de ${from} a ${to}, no ${value}.`;
  },
  'settings-invalid-name': ({ setting, value, names }) =>
    `\`${setting}\` debe ser uno de estos: ${names}; no \`${value}\`.`,
  'bad-steps': ({ sampler, steps, from, to }) =>
    `Con el sampler \`${sampler}\` un clip lleva de ${from} a ${to} pasos, no ${steps}. Pide menos.`,
  'sampler-not-for-two-pictures': ({ sampler }) =>
    `El sampler \`${sampler}\` no puede hacer un clip que acabe con una imagen dada. Elige otro preajuste.`,
  'end-of-seamless-loop': () =>
    'Un bucle perfecto acaba como empieza, así que no admite imagen `final`. Quítala o elige otro `bucle`.',
  'schedule-not-for-sampler': ({ sampler, schedule }) =>
    `El schedule \`${schedule}\` no funciona con el sampler \`${sampler}\`. Elige otro preajuste.`,
  'permissions-missing': ({ permissions }) =>
    `El bot no puede publicar clips aquí. Necesita: ${permissions}. Pídeselo a quien administra este servidor.`,
  'clip-too-large': () =>
    'El clip es más grande de lo que Discord permite aquí. Prueba con menos movimiento o con una imagen más sencilla.',
  'clip-undeliverable': () =>
    'El clip está listo, pero no puedo publicarlo aquí y tienes cerrados los mensajes directos. Usa `/queue` para recogerlo antes de que se borre.',
  'going-down': () => 'El bot se está reiniciando. Inténtalo de nuevo en un minuto.',
  'storage-failed': () =>
    'El bot no puede guardar nada en este momento, así que tu petición no se aceptó. Quienes lo administran ya lo saben. Inténtalo más tarde.',
  'not-yours': () => 'Solo pueden hacerlo quien pidió este clip y los moderadores.',
  'requester-only': () => 'Solo puede hacerlo quien pidió este clip.',
  'job-unknown': () => 'Ese clip ya no existe.',
  'action-unknown': () => 'Ese comando o botón es de una versión anterior del bot. Usa `/animate`.',
  'too-late': () => 'Demasiado tarde: el clip ya está terminado.',
  'no-other-seed': ({ limit }) =>
    `Un clip puede volver a empezar con otra semilla hasta ${limit} veces, y una variante elegida conserva la suya. Usa \`/animate\` para pedir otro.`,
  draining: () => 'El bot no acepta peticiones por ahora. Inténtalo más tarde.',
  'limit-waiting-user': ({ limit, moment, clips }) =>
    `Puedes tener hasta ${plural(limit, { one: '1 clip', other: `${limit} clips` })} en espera a la vez.${moment ? ` El siguiente empieza ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-waiting-guild': ({ limit, moment, clips }) =>
    `La cola de este servidor está llena (máximo ${limit}).${moment ? ` El siguiente clip empieza ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-waiting-total': ({ limit, moment, clips }) =>
    `La cola del bot está llena (máximo ${limit}). Inténtalo más tarde.${moment ? ` El siguiente clip empieza ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-cooldown': ({ limit, moment }) =>
    `Un clip cada ${plural(limit, { one: 'segundo', other: `${limit} segundos` })}: podrás pedir otro ${moment}.`,
  'limit-quota': ({ limit, moment, clips }) =>
    `Has llegado a tu límite diario (${limit} en 24 horas). Podrás pedir otro ${moment}.${asSeveral(clips)}`,
  'limit-steps': ({ limit }) =>
    `Aquí el máximo es de ${plural(limit, { one: '1 paso', other: `${limit} pasos` })}. Pide menos.`,
  'limit-frames': ({ limit }) =>
    `Aquí el máximo es de ${plural(limit, { one: '1 fotograma', other: `${limit} fotogramas` })}. Pide un clip más corto.`,
  'picture-unsafe': () => 'El filtro de contenido ha rechazado esta imagen. Prueba con otra.',
  'clip-unsafe': () => 'El filtro de contenido ha rechazado este clip, así que no se muestra.',
  'blocked-user': () => 'Quienes administran este bot te han bloqueado.',
  'blocked-guild': () => 'Quienes administran este bot han bloqueado este servidor.',
  'guild-not-allowed': () => 'Este bot no funciona en este servidor. Pregunta a quienes lo administran.',
  'members-only': () => 'Este bot es solo para miembros de ciertos servidores, y no estás en ninguno de ellos.',
  'user-install-off': () => 'Este bot solo funciona en servidores que lo han añadido.',
  'place-channel': ({ places, more }) => `Solo se pueden hacer clips en: ${places}${andMore(more)}.`,
  'place-role': ({ roles, more }) => `Para hacer clips aquí necesitas uno de estos roles: ${roles}${andMore(more)}.`,
  'place-age': () => 'En este servidor solo se pueden hacer clips en canales con restricción de edad.',
  'managers-only': () => 'Solo pueden hacerlo quienes gestionan el servidor.',
  'operators-only': () => 'Solo puede hacerlo el dueño del bot.',
  'block-target': () => 'Elige a una persona o escribe el ID de un servidor.',
  'style-unknown': ({ name, known }) =>
    known === ''
      ? `Aquí no hay ningún estilo \`${name}\`.`
      : `Aquí no hay ningún estilo \`${name}\`, o ha cambiado desde entonces. Hay: ${known}.`,
  'style-broken': ({ name }) =>
    `El estilo \`${name}\` no funciona en este momento. Quienes administran el bot pueden ver por qué en el registro.`,
  'preset-unknown': ({ name }) => `No hay ningún preajuste \`${name}\`.`,
  'wait-too-long': ({ moment }) =>
    `La cola es demasiado larga para pedirlo aquí: tu clip estaría listo ${moment}, pero donde no soy miembro solo puedo responder durante 15 minutos. Pídelo en un servidor donde esté yo, o inténtalo más tarde.`,
  'no-avatar': () => 'Esa persona no tiene un avatar propio, solo uno de los predeterminados de Discord.',
  'thread-locked': () => 'Este hilo está bloqueado y no puedo publicar en él. Pídelo en otro canal.',
  'already-asked': () => 'Ya pediste un clip de esa imagen con una reacción.',
  'reaction-unanswered': () =>
    'Vi tu reacción, pero Discord no aceptó mi respuesta, así que no hay clip. Reacciona otra vez más tarde.',
  'no-picture-there': () => 'No hay ninguna imagen en ese mensaje ni en el mensaje al que responde.',
  'clip-expired': () => 'La imagen de ese clip se ha borrado. Usa `/animate` con la imagen otra vez.',
  'picture-forgotten': () => 'Quien envió esa imagen pidió borrarla. Usa `/animate` con una imagen tuya.',
  'already-largest': () => 'Ese clip ya está ampliado al máximo: 4×.',
  'already-smooth': () => 'Ese clip ya tiene el máximo de fps.',
  'already-under-way': () => 'Ya lo pediste, y está en camino.',
  'variation-picked': ({ number }) => `Ya elegiste la variante ${number}.`,
  'variations-expired': ({ number, seed }) =>
    `Estas vistas previas han caducado. Usa \`/animate\` con la misma imagen, las mismas opciones y \`semilla:${seed}\` para tener la variante ${number}.`,
  'clip-longest': ({ limit }) => `Ese clip no puede ser más largo: ya tiene ${limit} fotogramas, el máximo.`,
  'no-settings-there': () => 'Ese mensaje no tiene ningún clip de este bot, o el archivo ya no contiene sus ajustes.',
  'number-needed': ({ option }) => `\`${option}\` debe ser un número entero.`,
  'list-full': ({ limit }) => `La lista está llena (${limit} entradas). Quita una con \`/kinora-config disallow\`.`,
  'too-often': ({ moment }) => `Vas muy rápido. Puedes volver a hacerlo ${moment}.`,
};

function asSeveral(clips: string | number | undefined): string {
  return Number(clips) > 1 ? ` Lo que has pedido cuenta como ${decimal(Number(clips))} clips.` : '';
}

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` y ${count} más` : '';
}
