import { esAnimate } from './es-animate.ts';
import { esClip } from './es-clip.ts';
import { esErrors } from './es-errors.ts';
import type { Messages } from './messages.ts';
import { pluralFor } from './plural.ts';

/** Spanish, for Spain and Latin America alike. */
export const es: Messages = {
  animate: esAnimate,
  clip: esClip,
  cancelButton: 'Cancelar',
  seedButton: 'Otra semilla',
  previewAltText: 'Vista previa: una versión pequeña y borrosa de tu clip, que aún se está haciendo',
  queued: ({ position }) => `⏳ Posición en la cola: ${position}.`,
  startsAt: (moment) => `Empieza ${moment}.`,
  readyAt: (moment) => `Listo ${moment}.`,
  paused:
    '⏸️ En pausa: ahora mismo no se pueden hacer clips. Quienes administran el bot ya lo saben. Tu clip conserva su lugar en la cola.',
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
  postponed: '💤 El bot se está reiniciando. Tu clip conserva su lugar en la cola y continúa solo.',
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
    asOf: (since) => `-# Actualizado ${since}.`,
    refresh: 'Actualizar',
    cancel: (id) => `Cancelar ${id}`,
    hostPaused:
      '⏸️ En pausa: ahora mismo no se pueden hacer clips. Quienes administran el bot ya lo saben. ' +
      'Todos los clips conservan su lugar en la cola.',
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
      'Diffusion está en <https://stability.ai/license>. Los clips son generados: no muestran hechos reales.',
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
      previews: 'Mostrar vistas previas mientras se hacen los clips',
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
    worker: ({ name, job, fault, unfit, lacking }) =>
      unfit !== undefined
        ? `⚪ **${name}** no recibe clips: ${unfit}`
        : fault
          ? `🔴 **${name}**: apartado (\`${fault.code}\`), se reintenta ${fault.retry}`
          : `🟢 **${name}**: ${job === undefined ? 'en espera' : `con \`${job}\``}${lacking === undefined ? '' : ` · le faltan estilos: ${lacking}`}`,
    moreWorkers: (count) => `… y ${count} más`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 No se pueden hacer clips: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} Empezó ${since}.` +
      (retry === undefined ? '' : ` Lo intenta de nuevo ${retry}.`),
    styleFault: ({ reason, since }) =>
      `🟡 Algunos clips esperan: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} Empezó ${since}.`,
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
  broke: (id) => `⚠️ Algo ha fallado (id ${id}). Quienes administran el bot pueden ver la causa en el registro.`,
  permissions: {
    ViewChannel: 'Ver canal',
    SendMessages: 'Enviar mensajes',
    SendMessagesInThreads: 'Enviar mensajes en hilos',
    AttachFiles: 'Adjuntar archivos',
    ReadMessageHistory: 'Leer el historial de mensajes',
  },
  errors: esErrors,
};

const plural = pluralFor('es');

/** Days where they are whole, else hours. */
function duration(hours: number): string {
  const days = hours / 24;
  if (Number.isInteger(days) && days > 1) return `${days} días`;
  return plural(hours, { one: '1 hora', other: `${hours} horas` });
}
