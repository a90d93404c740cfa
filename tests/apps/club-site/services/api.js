export const root = "/api";
