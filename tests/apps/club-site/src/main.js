import * as Realm from "realm-web";

export const app = new Realm.App({ id: "club-site-asdfg" });
