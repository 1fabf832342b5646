export const CODE_SERVER_VERSION: string;
export function cacheFolder(): string;
export function kernelFolder(version: string): string;
export function codeServerFolder(): string;
export function codeServerLauncher(): string;
