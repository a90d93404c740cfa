// What functions of an app find without importing it, for editors. Written by `usher dev`; changes are overwritten.

/** What the function file assigns its function to: `exports = async function (name) { … }`. */
declare var exports: any;
/** A built-in module of Node that makes sense in a sandbox, a local file, or a package of `functions/package.json`. */
declare function require(specifier: string): any;

/** The call that is going on, and what the function was handed. */
declare const context: usher.Context;

/** Binary JSON: the types of MongoDB that JavaScript lacks. The constructors work with and without `new`. */
declare const BSON: {
  ObjectId: usher.ObjectIdConstructor;
  Long: usher.LongConstructor;
  Int32: usher.Constructor<usher.Int32, [value: number | string]>;
  Double: usher.Constructor<usher.Double, [value: number | string]>;
  Decimal128: usher.Constructor<usher.Decimal128, [bytes: Uint8Array]> & {
    fromString(text: string): usher.Decimal128;
  };
  Binary: usher.Constructor<usher.Binary, [bytes: Uint8Array, subType?: number]> & {
    fromHex(hex: string, subType?: number): usher.Binary;
    /** The padding is required. */
    fromBase64(base64: string, subType?: number): usher.Binary;
  };
  Timestamp: usher.Constructor<usher.Timestamp, [increment: number, seconds: number]>;
  BSONRegExp: usher.Constructor<usher.BSONRegExp, [pattern: string, options?: string]>;
  MinKey: usher.Constructor<usher.MinKey, []>;
  MaxKey: usher.Constructor<usher.MaxKey, []>;
};

/** Extended JSON: JSON that keeps the types of MongoDB. */
declare const EJSON: {
  /** Reads canonical and relaxed Extended JSON. */
  parse(text: string): any;
  /** Canonical unless `{ relaxed: true }` is given. */
  stringify(value: any, options?: { relaxed?: boolean }): string;
};

declare const utils: {
  jwt: {
    /** A signed JSON Web Token. The key is a secret for HS, a private key in PEM for RS, ES and PS. */
    encode(method: usher.SigningMethod, payload: object, secret: string, header?: object): string;
    /** Checks the signature, `exp` and `nbf`; throws where one does not hold. */
    decode(token: string, key: string, returnHeader?: false, acceptedSigningMethods?: usher.SigningMethod[]): any;
    decode(
      token: string, key: string, returnHeader: true, acceptedSigningMethods?: usher.SigningMethod[],
    ): { header: any; payload: any };
  };
  crypto: {
    /** The key has 16, 24 or 32 characters. */
    encrypt(method: "aes", message: string, key: string): string;
    decrypt(method: "aes", encrypted: string, key: string): string;
    sign(method: "rsa", message: string, privateKey: string, scheme: "pss" | "pkcs1v15"): string;
    verify(method: "rsa", message: string, publicKey: string, signature: string, scheme: "pss" | "pkcs1v15"): boolean;
    hmac(input: string, secret: string, hash: "sha1" | "sha256" | "sha512", format: "hex" | "base64"): string;
    hash(method: "sha1" | "sha256" | "md5", input: string | usher.Binary): usher.Binary;
  };
};

/** Lines of the function's log. */
declare const console: {
  log(...values: any[]): void;
  debug(...values: any[]): void;
  info(...values: any[]): void;
  warn(...values: any[]): void;
  error(...values: any[]): void;
};

declare function setTimeout(callback: (...values: any[]) => void, milliseconds?: number, ...values: any[]): any;
declare function clearTimeout(timer: any): void;

declare namespace usher {
  interface Context {
    /** Who called: always the authenticated caller, also in a function that runs as the system. */
    readonly user: User;
    readonly app: App;
    readonly functions: {
      /** Calls another function of the app, private ones too. A promise where that function is asynchronous. */
      execute(name: string, ...values: any[]): any;
    };
    readonly services: {
      /** A data source of the app, such as "mongodb-atlas"; undefined where there is none of that name. */
      get(name?: string): MongoDB;
    };
    readonly values: {
      /** A value of the app, or the secret behind it; undefined where there is none of that name. */
      get(name: string): any;
    };
    readonly environment: {
      readonly tag: "" | "development" | "testing" | "qa" | "production";
      readonly values: { readonly [name: string]: any };
    };
    readonly request: Request;
    /** HTTP requests, to the origins that `usher.json` grants. */
    readonly http: Http;
    /** Whether the grants are those of the system rather than of the caller. */
    runningAsSystem(): boolean;
  }

  interface User {
    /** 24 hexadecimal digits; undefined where the system is calling. */
    readonly id: string;
    readonly type: "normal" | "server" | "system";
    /** What the providers know of the user. */
    readonly data: { readonly email?: string; readonly name?: string; readonly [field: string]: any };
    /** Custom user data as it was at login or at the last renewal of the access token. */
    readonly custom_data: { readonly [field: string]: any };
    readonly identities: ReadonlyArray<{ readonly id: string; readonly provider_type: string; readonly data?: any }>;
  }

  interface App {
    readonly id: string;
    readonly clientAppId: string;
    readonly name: string;
    readonly projectId: string;
    readonly deployment: { readonly model: string; readonly providerRegion: string };
    /** ISO 8601. */
    readonly lastDeployed: string;
    readonly hostingUri: string;
  }

  /** The client's request; its members are undefined where no client is calling. */
  interface Request {
    readonly remoteIPAddress?: string;
    readonly requestHeaders?: { readonly [name: string]: string[] };
    readonly httpMethod?: string;
    readonly rawQueryString?: string;
    readonly httpReferrer?: string;
    readonly httpUserAgent?: string;
    readonly service?: string;
    readonly action?: string;
    readonly webhookUrl?: string;
  }

  type Document = { [field: string]: any };

  interface MongoDB {
    db(name: string): Database;
    startSession(): Session;
  }

  interface Database {
    collection<T = Document>(name: string): Collection<T>;
  }

  /**
   * A collection, or the part of it that the function was handed. Without `await` an operation still happens.
   * Second and third arguments of `find` and `findOne` may be a bare projection and options, or options alone.
   */
  interface Collection<T> {
    find(query?: Document, projection?: Document, options?: FindOptions): Cursor<T>;
    findOne(query?: Document, projection?: Document, options?: FindOptions): Promise<T | null>;
    findOneAndUpdate(query: Document, update: Document | Document[], options?: FindAndChangeOptions): Promise<T | null>;
    findOneAndReplace(query: Document, replacement: Document, options?: FindAndChangeOptions): Promise<T | null>;
    findOneAndDelete(query: Document, options?: FindOptions): Promise<T | null>;
    insertOne(document: Document, options?: Options): Promise<{ insertedId: any }>;
    insertMany(documents: Document[], options?: Options & { ordered?: boolean }): Promise<{ insertedIds: any[] }>;
    /** An update without operators replaces the document. */
    updateOne(query: Document, update: Document | Document[], options?: UpdateOptions): Promise<UpdateResult>;
    updateMany(query: Document, update: Document | Document[], options?: UpdateOptions): Promise<UpdateResult>;
    replaceOne(query: Document, replacement: Document, options?: UpdateOptions): Promise<UpdateResult>;
    deleteOne(query: Document, options?: Options): Promise<{ deletedCount: number }>;
    deleteMany(query: Document, options?: Options): Promise<{ deletedCount: number }>;
    aggregate(pipeline: Document[], options?: Options): Cursor<Document>;
    count(query?: Document, options?: Options & { limit?: number }): Promise<number>;
    distinct(field: string, query?: Document, options?: Options): Promise<any[]>;
    bulkWrite(operations: Document[], options?: Options & { ordered?: boolean }): Promise<any>;
  }

  interface Cursor<T> extends AsyncIterable<T> {
    toArray(): Promise<T[]>;
    next(): Promise<T | null>;
    limit(count: number): Cursor<T>;
    skip(count: number): Cursor<T>;
    sort(order: Document): Cursor<T>;
  }

  interface Options {
    session?: Session;
    collation?: Document;
    hint?: string | Document;
  }
  interface FindOptions extends Options {
    projection?: Document;
    sort?: Document;
    skip?: number;
    limit?: number;
  }
  interface UpdateOptions extends Options {
    upsert?: boolean;
    arrayFilters?: Document[];
  }
  interface FindAndChangeOptions extends UpdateOptions {
    projection?: Document;
    sort?: Document;
    /** The document as it is afterwards, rather than as it was. */
    returnNewDocument?: boolean;
  }
  interface UpdateResult {
    matchedCount: number;
    modifiedCount: number;
    /** Only where a document was made. */
    upsertedId?: any;
  }

  interface Session {
    /** Commits when the callback is done, and aborts when it throws. */
    withTransaction<R>(callback: () => Promise<R>, options?: Document): Promise<R>;
    startTransaction(options?: Document): void;
    commitTransaction(): Promise<void>;
    abortTransaction(): Promise<void>;
    endSession(): Promise<void>;
  }

  interface Http {
    get(request: HttpRequest): Promise<HttpResponse>;
    post(request: HttpRequest): Promise<HttpResponse>;
    put(request: HttpRequest): Promise<HttpResponse>;
    patch(request: HttpRequest): Promise<HttpResponse>;
    delete(request: HttpRequest): Promise<HttpResponse>;
    head(request: HttpRequest): Promise<HttpResponse>;
  }
  interface HttpRequest {
    url?: string;
    /** Instead of `url`, its parts. */
    scheme?: string;
    host?: string;
    path?: string;
    query?: { [name: string]: string | string[] };
    fragment?: string;
    headers?: { [name: string]: string[] };
    body?: any;
    encodeBodyAsJSON?: boolean;
    form?: { [name: string]: any };
    cookies?: { [name: string]: string };
    authUrl?: string;
    followRedirects?: boolean;
  }
  interface HttpResponse {
    /** Such as "200 OK". */
    readonly status: string;
    readonly statusCode: number;
    readonly contentLength: number;
    readonly headers: { readonly [name: string]: string[] };
    readonly cookies: { readonly [name: string]: any };
    /** Its text is `body.text()`. */
    readonly body: Binary;
  }

  type SigningMethod =
    | "HS256" | "HS384" | "HS512" | "RS256" | "RS384" | "RS512"
    | "ES256" | "ES384" | "ES512" | "PS256" | "PS384" | "PS512";

  interface Constructor<T, Parameters extends any[]> {
    new (...parameters: Parameters): T;
    (...parameters: Parameters): T;
  }
  interface ObjectIdConstructor extends Constructor<ObjectId, [id?: string | ObjectId | Uint8Array]> {
    isValid(id: any): boolean;
    createFromHexString(hex: string): ObjectId;
  }
  interface LongConstructor extends Constructor<Long, [low: number, high?: number]> {
    fromNumber(value: number): Long;
    fromString(text: string): Long;
  }
  interface ObjectId {
    equals(other: any): boolean;
    toHexString(): string;
    toString(): string;
    getTimestamp(): Date;
  }
  interface Long {
    toNumber(): number;
    toString(): string;
    valueOf(): number;
  }
  interface Int32 {
    valueOf(): number;
  }
  interface Double {
    valueOf(): number;
  }
  interface Decimal128 {
    toString(): string;
  }
  interface Binary {
    toHex(): string;
    toBase64(): string;
    text(): string;
    length(): number;
  }
  interface Timestamp {
    readonly low: number;
    readonly high: number;
  }
  interface BSONRegExp {
    readonly pattern: string;
    readonly options: string;
  }
  interface MinKey {}
  interface MaxKey {}
}
