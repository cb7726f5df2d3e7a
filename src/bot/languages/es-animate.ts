import type { AnimateMessages } from './clip-messages.ts';

/** Spanish, of `/animate`. */
export const esAnimate: AnimateMessages = {
  description: 'Convierte una imagen fija en un vídeo corto',
  options: {
    image: { name: 'imagen', description: 'La imagen: JPEG, PNG, WebP o GIF, hasta 10 MB' },
    preset: { name: 'receta', description: 'Una receta; las opciones elegidas además tienen preferencia' },
    motion: { name: 'movimiento', description: 'Cuánto se mueve: elige un nombre o escribe un número de 1 a 255' },
    seed: { name: 'semilla', description: 'La misma semilla y ajustes dan el mismo clip; si falta, se sortea' },
    steps: { name: 'pasos', description: 'Más pasos: más fino y más lento' },
    fps: { name: 'velocidad', description: 'Fotogramas por segundo' },
    length: { name: 'longitud', description: 'Número de fotogramas' },
    shape: { name: 'forma', description: 'Forma del clip; la de la imagen si falta' },
    fit: { name: 'ajuste', description: 'Cómo toma la imagen esa forma' },
    loop: { name: 'bucle', description: 'Cómo se repite el clip sin saltos' },
    smooth: { name: 'suave', description: 'Calcula fotogramas intermedios, hasta 24 por segundo' },
    format: { name: 'formato', description: 'Tipo de archivo' },
    private: { name: 'privado', description: 'Mostrarte el clip solo a ti' },
  },
  choices: {
    preset: {
      notebook: 'como en el cuaderno de diffusers: 60 pasos, 512×512',
      quality: '25 pasos, fino',
      fast: '10 pasos, rápido',
      draft: '6 pasos a mitad de tamaño, muy rápido',
      'animate-lcm': '4 pasos, solo para los pesos de AnimateLCM',
    },
    motion: { subtle: 'sutil', normal: 'moderado', strong: 'fuerte', wild: 'salvaje' },
    shape: {
      auto: 'como la imagen',
      landscape: 'apaisado',
      portrait: 'vertical',
      square: 'cuadrado',
    },
    fit: {
      crop: 'recortar: llena y corta los bordes',
      pad: 'rellenar: muestra todo con bandas',
      stretch: 'estirar: deforma',
    },
    loop: {
      none: 'sin bucle',
      'ping-pong': 'ida y vuelta',
      crossfade: 'fundido: el final se funde con el principio',
    },
    format: { mp4: 'vídeo MP4', gif: 'GIF animado', webp: 'WebP animado' },
  },
};
