export const modelAddress = (name: string) => `/models/${encodeURIComponent(name)}`;
export const versionAddress = (name: string, version: number | string) => `${modelAddress(name)}/versions/${version}`;
