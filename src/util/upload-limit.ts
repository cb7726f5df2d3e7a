/**
 * MiB that Discord takes of everybody in one file, since 4 September 2026. It bounds the pictures that are taken and is
 * the default for clips; where an interaction states another limit, that one holds for the clip.
 */
export const uploadLimitMb = 20;

/** {@link uploadLimitMb} in bytes. */
export const uploadLimitBytes = uploadLimitMb * 1024 * 1024;
