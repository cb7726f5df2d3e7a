import { esAnimate } from './es-animate.ts';
import { esClip } from './es-clip.ts';
import type { Messages } from './messages.ts';
import { pluralFor } from './plural.ts';

/** Spanish, for Spain and Latin America alike. */
export const es: Messages = {
  animate: esAnimate,
  clip: esClip,
  cancelButton: 'Cancelar',
  queued: ({ position }) => `⏳ Puesto en la cola: ${position}.`,
  startsAt: (moment) => `Empieza ${moment}.`,
  readyAt: (moment) => `Listo ${moment}.`,
  paused:
    '⏸️ En pausa: ahora mismo no se pueden hacer clips. Quienes administran el bot ya lo saben. Tu clip conserva su puesto en la cola.',
  stages: {
    prepare: 'Preparando',
    'encode-image': 'Mirando la imagen',
    denoise: 'Imaginando el movimiento',
    decode: 'Pintando los fotogramas',
    upscale: 'Ampliando los fotogramas',
    'encode-video': 'Creando el archivo de vídeo',
  },
  step: ({ step, steps }) => `paso ${step} de ${steps}`,
  sentHere: (place) => `Ya no puedo publicar en ${place}, así que aquí lo tienes por mensaje directo.`,
  sentDeleted: (place) => `Se borró el mensaje en ${place}, así que aquí lo tienes por mensaje directo.`,
  aboutClip: (place) => `Sobre tu clip en ${place}:`,
  sentLate:
    'Donde lo pediste solo puedo responder durante 15 minutos y esto ha tardado más, así que aquí lo tienes por mensaje directo.',
  cancelled: '🚫 Cancelado.',
  postponed: '💤 El bot se está reiniciando. Tu clip conserva su puesto en la cola y continúa solo.',
  readyPing: (person) => `${person}, tu clip está listo.`,
  queue: {
    description: 'Mira qué está en marcha y en espera, y cancela tus clips',
    scope: 'Qué clips mostrar (por defecto, los tuyos)',
    scopes: { mine: 'Mis clips', all: 'Todos los clips' },
    summary: ({ running, waiting }) => `🎞️ ${running} en marcha, ${waiting} en espera.`,
    modes: {
      paused: '⏸️ La cola está en pausa: por ahora no empieza ningún clip.',
      draining: '🚧 Por ahora no se aceptan peticiones: el bot solo termina lo que está en espera.',
    },
    somebody: 'alguien de otro sitio',
    none: 'No tienes clips en la cola.',
    more: (count) => `… y ${count} más.`,
    asOf: (moment) => `-# Actualizado ${moment}.`,
    refresh: 'Actualizar',
    cancel: (id) => `Cancelar ${id}`,
    hostPaused:
      '⏸️ En pausa: ahora mismo no se pueden hacer clips. Quienes administran el bot ya lo saben. ' +
      'Todos los clips conservan su puesto en la cola.',
    undelivered: (count) =>
      count === 1
        ? '📦 Uno de tus clips está listo, pero no se pudo publicar. Recógelo con el botón de abajo.'
        : `📦 ${count} de tus clips están listos, pero no se pudieron publicar. Recógelos con los botones de abajo.`,
    fetch: (id) => `Recoger ${id}`,
    fetched: '📦 Aquí tienes tu clip.',
    expired: 'Ese clip no se pudo publicar a tiempo y se ha borrado. Usa `/animate` con la imagen otra vez.',
  },
  kinora: {
    description: 'Sobre este bot, tus datos y tus menciones',
    about: 'Con qué se hacen los clips, qué se guarda y cuánto tiempo',
    forget: 'Cancela tus clips y borra todo lo que se guarda sobre ti',
    ping: 'Elige si quieres que te avise cuando un clip tarde',
    wanted: 'Avisarme cuando esté listo un clip que tarde',
    versions: ({ kinora, node, model, provider }) =>
      `Kinora ${kinora} con Node ${node}. Modelo: **${model}**, ` +
      (provider === undefined ? 'dónde se ejecuta se sabrá con el primer clip.' : `ejecutado en ${provider}.`),
    licence:
      'Kinora es software libre con licencia MIT. Los pesos del modelo tienen su propia licencia: la de Stable Video ' +
      'Diffusion está en <https://stability.ai/license>. Los clips son generados y no muestran hechos reales.',
    kept: (hours) =>
      `Aquí se guarda: quién pidió qué y cuándo, y los ajustes. Las imágenes y los clips se borran ${duration(hours)} ` +
      'después de la entrega; los de clips cancelados o fallidos, enseguida. `/kinora forget` borra todo lo tuyo. Los ' +
      'mensajes de Discord siguen ahí hasta que los borres tú.',
    pings: {
      on: '🔔 Te avisaré cuando esté listo un clip que tarde. Lo cambias con `/kinora ping`.',
      off: '🔕 No te avisaré cuando un clip esté listo. Lo cambias con `/kinora ping`.',
    },
    forgetQuestion:
      '¿Borrar todo lo que se guarda sobre ti? Se cancelan tus clips en la cola, y los botones de tus clips anteriores ' +
      'dejan de funcionar. No se puede deshacer.',
    forgetButtons: { forget: 'Borrar todo', keep: 'Conservarlo' },
    forgetting: '🗑️ Borrando …',
    nothingForgotten: 'No se ha borrado nada.',
    forgotten: ({ deleted, left }) =>
      `🗑️ ${plural(deleted, { one: '1 clip borrado', other: `${deleted} clips borrados` })}, con imágenes y ajustes, y tus preferencias.` +
      (left > 0 ? ` Aún se están entregando: ${left}. Repítelo en un minuto.` : '') +
      ' Para el límite diario, la hora de cada petición se guarda 24 horas.',
  },
  config: {
    description: 'Cómo se comporta Kinora en este servidor',
    subcommands: {
      show: 'Mostrar los ajustes',
      set: 'Cambiar ajustes; el resto queda igual',
      limits: 'Cambiar los límites de este servidor (0: los del dueño del bot)',
      allow: 'Permitir un canal o un rol; en cuanto hay uno, los demás se bloquean',
      disallow: 'Quitar un canal o un rol de la lista; si está vacía, se permite todo',
      reset: 'Volver a los valores por defecto',
    },
    options: {
      preset: 'Preajuste por defecto',
      format: 'Tipo de archivo por defecto',
      spoiler: 'Publicar los clips como spoiler',
      ping: 'Avisar a la gente cuando esté listo un clip que tarde',
      language: 'Idioma para todo el servidor',
      maxUpload: 'Límite de subida en MiB (0: el de Discord)',
      ageRestrictedOnly: 'Solo en canales con restricción de edad',
      channel: 'Un canal',
      role: 'Un rol',
    },
    limits: {
      maxWaitingPerUser: 'Clips en espera por persona',
      maxWaitingPerGuild: 'Clips en espera en este servidor',
      cooldownSeconds: 'Segundos de espera entre clips de una persona',
      dailyQuota: 'Clips por persona en 24 horas',
      maxSteps: 'Máximo de pasos',
      maxFrames: 'Máximo de fotogramas',
    },
    shown: {
      title: '⚙️ Kinora en este servidor:',
      channels: 'Canales',
      roles: 'Roles',
      everywhere: 'en todas partes',
      everybody: 'todos',
      ownLanguage: 'el de cada persona',
      ownPreset: 'los ajustes del modelo',
      asDiscord: 'el límite de Discord',
      unset: 'sin límite',
      more: (count) => `y ${count} más`,
      yes: 'sí',
      no: 'no',
    },
  },
  admin: {
    description: 'Para el dueño de este bot',
    subcommands: {
      status: 'Qué está haciendo el bot',
      pause: 'No empezar más clips; seguir aceptando peticiones',
      resume: 'Volver a aceptar peticiones y empezar clips',
      drain: 'No aceptar más peticiones; terminar las que esperan',
      cancel: 'Cancelar el clip de cualquiera',
      block: 'Bloquear a una persona o un servidor',
      unblock: 'Desbloquear a una persona o un servidor',
      'reset-quota': 'Restablecer la cuota diaria de una persona',
    },
    options: { job: 'ID del clip, como lo muestra /queue', user: 'La persona', guild: 'ID del servidor' },
    modes: {
      open: '🟢 La cola está abierta.',
      paused: '⏸️ La cola está en pausa.',
      draining: '🚧 La cola no acepta peticiones y termina lo que está en espera.',
    },
    status: ({ servers, uptimeMoment }) =>
      `En ${plural(servers, { one: '1 servidor', other: `${servers} servidores` })}, en marcha desde ${uptimeMoment}.`,
    worker: ({ name, job, fault, unfit }) =>
      unfit !== undefined
        ? `⚪ **${name}** no recibe clips: ${unfit}`
        : fault
          ? `🔴 **${name}**: apartado (\`${fault.code}\`), se reintenta ${fault.retry}`
          : `🟢 **${name}**: ${job === undefined ? 'en espera' : `con \`${job}\``}`,
    moreWorkers: (count) => `… y ${count} más`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 No se pueden hacer clips: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} Empezó ${since}.` +
      (retry === undefined ? '' : ` Lo intenta de nuevo ${retry}.`),
    cancelled: (id) => `🚫 \`${id}\` está cancelado.`,
    blocked: (who) => `⛔ ${who}: bloqueado.`,
    unblocked: (who) => `✅ ${who}: desbloqueado.`,
    quotaReset: (who) => `✅ Se ha restablecido la cuota diaria de ${who}.`,
  },
  presence: {
    idle: 'Esperando una imagen',
    paused: 'En pausa',
    hostPaused: 'En pausa: ahora no hay clips',
    busy: ({ running, waiting }) => `${running} en marcha, ${waiting} en espera`,
  },
  broke: (id) => `⚠️ Algo ha fallado (id ${id}). Quienes administran este bot pueden ver la causa en su registro.`,
  permissions: {
    ViewChannel: 'Ver canal',
    SendMessages: 'Enviar mensajes',
    SendMessagesInThreads: 'Enviar mensajes en hilos',
    AttachFiles: 'Adjuntar archivos',
    ReadMessageHistory: 'Leer el historial de mensajes',
  },
  errors: {
    'picture-empty': () => 'El archivo está vacío. Adjunta una imagen JPEG, PNG, WebP, GIF o AVIF.',
    'picture-too-many-bytes': ({ limitMb }) =>
      `El archivo es demasiado grande: las imágenes pueden tener hasta ${limitMb} MB.`,
    'picture-not-a-picture': ({ found }) =>
      `Ese archivo no es una imagen${found === 'unknown' ? '' : ` (parece: ${found})`}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
    'picture-unsupported': ({ found }) =>
      `Aquí no se admiten imágenes ${found}. Adjunta un JPEG, PNG, WebP, GIF o AVIF.`,
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
      `Con el muestreador \`${sampler}\` un clip lleva de ${from} a ${to} pasos, no ${steps}. Pide menos.`,
    'sampler-not-for-two-pictures': ({ sampler }) =>
      `El muestreador \`${sampler}\` no puede hacer un clip que acabe con una imagen dada. Elige otro preajuste.`,
    'end-of-seamless-loop': () =>
      'Un bucle sin costuras acaba como empieza, así que no admite imagen `final`. Quítala o elige otro `bucle`.',
    'schedule-not-for-sampler': ({ sampler, schedule }) =>
      `El calendario \`${schedule}\` no sirve con el muestreador \`${sampler}\`. Elige otro preajuste.`,
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
    'job-unknown': () => 'Ese clip ya no existe.',
    'action-unknown': () => 'Ese comando o botón es de una versión anterior del bot. Usa `/animate`.',
    'too-late': () => 'Demasiado tarde: el clip ya está terminado.',
    draining: () => 'El bot no acepta peticiones por ahora. Inténtalo más tarde.',
    'limit-waiting-user': ({ limit, moment, clips }) =>
      `Puedes tener hasta ${plural(limit, { one: '1 clip', other: `${limit} clips` })} en espera a la vez.${moment ? ` El siguiente empieza ${moment}.` : ''}${asTwo(clips)}`,
    'limit-waiting-guild': ({ limit, moment, clips }) =>
      `La cola de este servidor está llena (máximo ${limit}).${moment ? ` El siguiente clip empieza ${moment}.` : ''}${asTwo(clips)}`,
    'limit-waiting-total': ({ limit, moment, clips }) =>
      `La cola del bot está llena (máximo ${limit}). Inténtalo más tarde.${moment ? ` El siguiente clip empieza ${moment}.` : ''}${asTwo(clips)}`,
    'limit-cooldown': ({ limit, moment }) =>
      `Un clip cada ${plural(limit, { one: 'segundo', other: `${limit} segundos` })}: puedes volver a pedir ${moment}.`,
    'limit-quota': ({ limit, moment, clips }) =>
      `Tu límite diario (${limit} en 24 horas) está agotado: puedes volver a pedir ${moment}.${asTwo(clips)}`,
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
    'place-channel': ({ places, more }) => `Se pueden hacer clips en: ${places}${andMore(more)}.`,
    'place-role': ({ roles, more }) => `Roles que pueden hacer clips aquí: ${roles}${andMore(more)}.`,
    'place-age': () => 'En este servidor solo se pueden hacer clips en canales con restricción de edad.',
    'managers-only': () => 'Solo pueden hacerlo quienes gestionan el servidor.',
    'operators-only': () => 'Solo puede hacerlo el dueño del bot.',
    'block-target': () => 'Elige a una persona o escribe el ID de un servidor.',
    'preset-unknown': ({ name }) => `No hay ningún preajuste \`${name}\`.`,
    'wait-too-long': ({ moment }) =>
      `La cola es demasiado larga para este lugar: tu clip estaría listo ${moment}, y donde no soy miembro solo puedo responder durante 15 minutos. Pídelo en un servidor donde yo esté, o inténtalo más tarde.`,
    'no-avatar': () =>
      'Esa persona no tiene un avatar propio, solo una de las imágenes que Discord da a todo el mundo.',
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
    'clip-longest': ({ limit }) => `Ese clip no puede ser más largo: ya tiene ${limit} fotogramas.`,
    'no-settings-there': () => 'Ese mensaje no tiene ningún clip de este bot, o el archivo ya no contiene sus ajustes.',
    'number-needed': ({ option }) => `\`${option}\` debe ser un número entero.`,
    'list-full': ({ limit }) => `La lista está llena (${limit} entradas). Quita una con \`/kinora-config disallow\`.`,
    'too-often': ({ moment }) => `Vas muy rápido. Puedes volver a hacerlo ${moment}.`,
  },
};

const plural = pluralFor('es');

function asTwo(clips: string | number | undefined): string {
  return clips === 2 ? ' Un clip que acaba con una imagen dada cuenta como dos.' : '';
}

/** Days where they are whole, else hours. */
function duration(hours: number): string {
  const days = hours / 24;
  if (Number.isInteger(days) && days > 1) return `${days} días`;
  return plural(hours, { one: '1 hora', other: `${hours} horas` });
}

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` y ${count} más` : '';
}
