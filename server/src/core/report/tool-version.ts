/** The product's version, as reviews, the server and the command line state it. Replaced by the bundler. */
declare const EVICTSCOPE_VERSION: string | undefined;

export const TOOL_NAME = "evictscope";
export const TOOL_VERSION: string = typeof EVICTSCOPE_VERSION === "string" ? EVICTSCOPE_VERSION : "0.0.0-source";
