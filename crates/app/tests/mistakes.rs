//! Malformed app directories: each mistake is found, at its file and line, with a way out.

mod common;

use common::{BASE, Files, load_both};

/// What is put over [`BASE`], and the one mistake that must come of it: file, line (0 for none), part of the message.
type Case<'a> = (&'a str, Files<'a>, (&'a str, usize, &'a str));

const ROOT: &str = "realm_config.json";
const PROVIDERS: &str = "auth/providers.json";
const CUSTOM: &str = "auth/custom_user_data.json";
const FUNCTIONS: &str = "functions/config.json";
const USHER: &str = "usher.json";
const SOURCE: (&str, &str) = ("data_sources/a/config.json", "{\"name\": \"a\"}");
const RULES: &str = "data_sources/a/d/c/rules.json";
const SCHEMA: &str = "data_sources/a/d/c/schema.json";
const TRIGGER: &str = "triggers/a.json";
const ENDPOINTS: &str = "http_endpoints/config.json";
const WEBHOOK: &str = "services/s/incoming_webhooks/w/config.json";

#[rustfmt::skip]
const CASES: &[Case<'_>] = &[
    // JSON
    ("empty file", &[(ROOT, "")], (ROOT, 1, "the file is empty")),
    ("only white space", &[(ROOT, "\n\n")], (ROOT, 1, "the file is empty")),
    ("trailing comma", &[(FUNCTIONS, "[\n{\"name\": \"hello\"},\n]")], (FUNCTIONS, 2, "trailing comma")),
    ("missing comma", &[(ROOT, "{\n\"app_id\": \"a\"\n\"name\": \"b\"}")], (ROOT, 2, "expected comma")),
    ("comment", &[(ROOT, "{\n// mine\n\"name\": \"b\"}")], (ROOT, 2, "comments are not allowed")),
    ("single quotes", &[(ROOT, "{\n'name': 'b'}")], (ROOT, 2, "single-quoted")),
    ("unclosed", &[(ROOT, "\n{\n\"name\": \"b\"")], (ROOT, 2, "unterminated object")),
    ("two values", &[(ROOT, "{\"name\": \"b\"}\n{}")], (ROOT, 2, "more than one JSON value")),
    ("bare word", &[(PROVIDERS, "{\"anon-user\":\n{\"disabled\": no}}")], (PROVIDERS, 2, "unexpected")),
    ("line break in a string", &[(ROOT, "{\n\"name\": \"a\nb\"}")], (ROOT, 2, "control character")),
    ("form feed", &[(ROOT, "{\n\u{c}\"name\": \"b\"}")], (ROOT, 2, "key must be a string")),
    ("repeated key", &[(ROOT, "{\"name\": \"a\",\n\n\"name\": \"b\"}")], (ROOT, 3, "given twice, first on line 1")),
    // Root
    ("root is an array", &[(ROOT, "[]")], (ROOT, 1, "the file must hold an object {…}, not an array")),
    ("no name", &[(ROOT, "\n{}")], (ROOT, 2, "\"name\" is missing")),
    ("name is a number", &[(ROOT, "{\n\"app_id\": \"a\", \"name\": 5}")], (ROOT, 2, "\"name\" must hold a string, not 5")),
    ("name is no id", &[(ROOT, "{\n\"name\": \"my shop\"}")], (ROOT, 2, "\"my shop\" cannot be an app id")),
    ("id with a slash", &[(ROOT, "{\"name\": \"a\",\n\"app_id\": \"../b\"}")], (ROOT, 2, "\"../b\" cannot be an app id")),
    ("version", &[(ROOT, "{\"name\": \"a\",\n\"config_version\": 20300101}")], (ROOT, 2, "config version 20300101 is not known")),
    ("model", &[(ROOT, "{\"name\": \"a\",\n\"deployment_model\": \"EVERYWHERE\"}")], (ROOT, 2, "not a deployment model")),
    ("origins", &[(ROOT, "{\"name\": \"a\",\n\"allowed_request_origins\": \"*\"}")], (ROOT, 2, "must hold an array […], not a string")),
    ("version of another root file", &[(ROOT, "{\"name\": \"a\",\n\"config_version\": 20180301}")], (ROOT, 2, "the layout of another root file, stitch.json")),
    ("environment", &[(ROOT, "{\"name\": \"a\",\n\"environment\": \"producton\"}")], (ROOT, 2, "\"producton\" is not an environment; did you mean \"production\"?")),
    // Providers
    ("providers is an array", &[(PROVIDERS, "[]")], (PROVIDERS, 1, "must hold an object")),
    ("misspelt provider", &[(PROVIDERS, "{\n\"anon_user\": {}}")], (PROVIDERS, 2, "did you mean \"anon-user\"?")),
    ("type of another", &[(PROVIDERS, "{\"anon-user\":\n{\"type\":\n\"api-key\"}}")], (PROVIDERS, 3, "has the type \"api-key\"")),
    ("disabled is a string", &[(PROVIDERS, "{\"anon-user\":\n{\"disabled\": \"no\"}}")], (PROVIDERS, 2, "must hold true or false, not a string")),
    ("autoConfirm is a string", &[(PROVIDERS, "{\"local-userpass\": {\"config\": {\n\"autoConfirm\": \"yes\"}}}")], (PROVIDERS, 2, "\"autoConfirm\" must hold true or false")),
    // Custom user data
    ("enabled without the rest", &[(CUSTOM, "{\"enabled\": true,\n\"mongo_service_name\": \"mongodb-atlas\",\n\"database_name\": \"a\", \"user_id_field\": \"b\"}")], (CUSTOM, 1, "\"collection_name\" is missing")),
    ("no such data source", &[(CUSTOM, "{\"enabled\": true,\n\"mongo_service_name\": \"atlas\", \"database_name\": \"a\",\n\"collection_name\": \"c\", \"user_id_field\": \"b\"}")], (CUSTOM, 2, "no data source is named \"atlas\"")),
    ("system database", &[(CUSTOM, "{\"enabled\": false,\n\n\"database_name\": \"Usher\"}")], (CUSTOM, 3, "\"Usher\" is not for apps")),
    ("admin database", &[(CUSTOM, "{\"database_name\": \"admin\"}")], (CUSTOM, 1, "\"admin\" is not for apps")),
    ("database with a dot", &[(CUSTOM, "{\"database_name\": \"a.b\"}")], (CUSTOM, 1, "cannot hold '.'")),
    ("system collection", &[(CUSTOM, "{\"collection_name\":\n\"system.users\"}")], (CUSTOM, 2, "\"system.users\" is not for apps")),
    ("nested id field", &[(CUSTOM, "{\"user_id_field\": \"a.b\"}")], (CUSTOM, 1, "\"a.b\" cannot be the field")),
    ("operator as id field", &[(CUSTOM, "{\"user_id_field\": \"$where\"}")], (CUSTOM, 1, "\"$where\" cannot be the field")),
    ("no such creation function", &[(CUSTOM, "{\"enabled\": false,\n\"on_user_creation_function_name\": \"helo\"}")], (CUSTOM, 2, "no function is named \"helo\"; did you mean \"hello\"?")),
    // Data sources
    ("data source without a name", &[("data_sources/a/config.json", "{\n}")], ("data_sources/a/config.json", 1, "\"name\" is missing")),
    // Functions
    ("functions is an object", &[(FUNCTIONS, "{}"), ("functions/hello.wasm", "")], (FUNCTIONS, 1, "must hold an array […], not an object")),
    ("no source", &[(FUNCTIONS, "[\n{\"name\": \"hello\"},\n{\"name\":\n\"other\"}]")], (FUNCTIONS, 4, "\"other\" has no source")),
    ("entry without a name", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"private\": true}]")], (FUNCTIONS, 2, "\"name\" is missing")),
    ("same name twice", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"name\": \"hello\"}]")], (FUNCTIONS, 2, "on line 2, the first is on line 1")),
    ("name leads out", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"name\": \"../x\"}]")], (FUNCTIONS, 2, "\"../x\" cannot name a function")),
    ("absolute name", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"name\": \"/etc/x\"}]")], (FUNCTIONS, 2, "\"/etc/x\" cannot name a function")),
    ("empty segment", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"name\": \"a//b\"}]")], (FUNCTIONS, 2, "\"a//b\" cannot name a function")),
    ("misspelt private", &[(FUNCTIONS, "[{\"name\": \"hello\",\n\"privat\": true}]")], (FUNCTIONS, 2, "unknown field \"privat\"; did you mean \"private\"?")),
    ("entry of a script that is not there", &[(FUNCTIONS, "[{\"name\": \"hello\"},\n{\"name\": \"utils/ad\"}, {\"name\": \"utils/add\"}]"), ("functions/utils/add.js", "exports = 1")], (FUNCTIONS, 2, "\"utils/ad\" has no source; did you mean \"utils/add\"?")),
    ("two sources", &[("functions/hello/Cargo.toml", "[package]")], ("functions/hello.wasm", 0, "a second source, the crate functions/hello")),
    ("crate makes no component", &[(FUNCTIONS, "[{\"name\": \"hello\"}, {\"name\": \"lib\"}]"), ("functions/lib/Cargo.toml", "[package]")], ("functions/lib/Cargo.toml", 0, "makes no component")),
    ("broken Cargo.toml", &[("functions/lib/Cargo.toml", "[package]\nname = \"lib\nversion = 1")], ("functions/lib/Cargo.toml", 2, "not TOML")),
    ("source with a strange name", &[("functions/two words.wasm", "")], ("functions/two words.wasm", 0, "\"two words\" cannot name a function")),
    // Usher's own fields
    ("unknown budget", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"memory_mb\": 1}}]")], (FUNCTIONS, 2, "did you mean \"memory_mib\"?")),
    ("budget of zero", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"handles\": 0}}]")], (FUNCTIONS, 2, "\"handles\" is 0, which is not from 1 to 1024")),
    ("budget above the ceiling", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"wall_clock_ms\": 300001}}]")], (FUNCTIONS, 2, "not from 1 to 300000")),
    ("memory above the ceiling", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"memory_mib\": 513}}]")], (FUNCTIONS, 2, "not from 1 to 512")),
    ("negative budget", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"host_calls\": -1}}]")], (FUNCTIONS, 2, "\"host_calls\" must hold a whole number, not -1")),
    ("broken budget", &[(FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"host_calls\": 1.5}}]")], (FUNCTIONS, 2, "a whole number, not 1.5")),
    ("creation function may not take its time", &[(CUSTOM, "{\"on_user_creation_function_name\": \"hello\"}"), (FUNCTIONS, "[{\"name\": \"hello\", \"budget\": {\n\"wall_clock_ms\": 20001}}]")], (FUNCTIONS, 2, "not from 1 to 20000")),
    ("grant without a database", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [\n{\"name\": \"a\", \"collection\": \"c\"}]}]")], (FUNCTIONS, 2, "\"database\" is missing")),
    ("grant of a system database", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\",\n\"database\": \"local\"}]}]")], (FUNCTIONS, 2, "\"local\" is not for apps")),
    ("grant with an unknown field", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\", \"database\": \"d\",\n\"filter\": {}}]}]")], (FUNCTIONS, 2, "unknown field \"filter\"")),
    ("grant of an unknown operation", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\", \"database\": \"d\", \"operations\": [\"read\",\n\"upsert\"]}]}]")], (FUNCTIONS, 2, "unknown operation \"upsert\"")),
    ("grant of nothing", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\", \"database\": \"d\",\n\"operations\": []}]}]")], (FUNCTIONS, 2, "a grant without operations")),
    ("own by a nested field", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\", \"database\": \"d\",\n\"own\": \"a.b\"}]}]")], (FUNCTIONS, 2, "\"a.b\" cannot be the field")),
    ("two grants of one name", &[(FUNCTIONS, "[{\"name\": \"hello\", \"grants\": [{\"name\": \"a\", \"collection\": \"c\", \"database\": \"d\"},\n{\"name\": \"a\", \"collection\": \"e\", \"database\": \"d\"}]}]")], (FUNCTIONS, 2, "a second grant named \"a\", the first is on line 1")),
    ("unknown account operation", &[(FUNCTIONS, "[{\"name\": \"hello\",\n\"account\": [\"remove\"]}]")], (FUNCTIONS, 2, "unknown operation \"remove\"")),
    // Values, environments, secrets
    ("value without a name", &[("values/a.json", "{\"value\": 1}")], ("values/a.json", 1, "\"name\" is missing")),
    ("value without a value", &[("values/a.json", "{\"name\": \"a\"}")], ("values/a.json", 1, "\"value\" is missing")),
    ("value with a long name", &[("values/a.json", "{\"value\": 1,\n\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}")], ("values/a.json", 2, "from 1 to 64 characters")),
    ("secret that is no name", &[("values/a.json", "{\"name\": \"a\", \"from_secret\": true,\n\"value\": {}}")], ("values/a.json", 2, "must hold a string")),
    ("two values of one name", &[("values/a.json", "{\"name\": \"a\", \"value\": 1}"), ("values/b.json", "{\"name\": \"a\", \"value\": 2}")], ("values/b.json", 0, "a second value named \"a\", the first is values/a.json")),
    ("number beyond all numbers", &[("values/a.json", "{\"name\": \"a\",\n\"value\": [1e999]}")], ("values/a.json", 2, "number out of range")),
    ("environment values that are a list", &[("environments/qa.json", "{\"values\":\n[]}")], ("environments/qa.json", 2, "\"values\" must hold an object")),
    ("secret that is a number", &[("secrets.json", "{\"services\": {\"mail\": {\n\"key\": 12345}}}")], ("secrets.json", 2, "the secret \"key\" must be a string")),
    // usher.json
    ("unknown setting", &[(USHER, "{\n\"share_instances\": true}")], (USHER, 2, "did you mean \"share_instance\"?")),
    ("unknown field of a grant", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\", \"database\": \"d\", \"collection\": \"c\",\n\"function\": []}]}")], (USHER, 2, "did you mean \"functions\"?")),
    ("grant for an unknown function", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\", \"database\": \"d\", \"collection\": \"c\", \"functions\": [\n\"helo\"]}]}")], (USHER, 2, "no function is named \"helo\"; did you mean \"hello\"?")),
    ("grant for no function", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\", \"database\": \"d\", \"collection\": \"c\",\n\"functions\": []}]}")], (USHER, 2, "a grant for no function")),
    ("grant of an unknown data source", &[(USHER, "{\"grants\": [{\n\"data_source\": \"Cluster0\", \"database\": \"d\", \"collection\": \"c\"}]}")], (USHER, 2, "no data source is named \"Cluster0\"")),
    ("grant of Usher's own database", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\",\n\"database\": \"usher\", \"collection\": \"*\"}]}")], (USHER, 2, "\"usher\" is not for apps")),
    ("grant of a system collection", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\", \"database\": \"d\",\n\"collection\": \"system.users\"}]}")], (USHER, 2, "\"system.users\" is not for apps")),
    ("grant of no operation", &[(USHER, "{\"grants\": [{\"data_source\": \"mongodb-atlas\", \"database\": \"d\", \"collection\": \"c\",\n\"operations\": []}]}")], (USHER, 2, "a grant without operations")),
    ("http for an unknown function", &[(USHER, "{\"http\": [{\"origin\": \"https://a.b\",\n\"functions\": [\"x\"]}]}")], (USHER, 2, "no function is named \"x\"")),
    ("http without an origin", &[(USHER, "{\"http\": [\n{}]}")], (USHER, 2, "\"origin\" is missing")),
    ("http with an unknown field", &[(USHER, "{\"http\": [{\"origin\": \"https://a.b\",\n\"methods\": []}]}")], (USHER, 2, "unknown field \"methods\"")),
    // What is not run is still JSON
    ("broken rules", &[("data_sources/a/config.json", "{\"name\": \"a\"}"), ("data_sources/a/d/c/rules.json", "{\n,}")], ("data_sources/a/d/c/rules.json", 2, "not JSON")),
    ("broken service", &[("services/mail/config.json", "{\n,}")], ("services/mail/config.json", 2, "not JSON")),
    ("broken resolver", &[("graphql/custom_resolvers/a.json", "{\n,}")], ("graphql/custom_resolvers/a.json", 2, "not JSON")),
    // Providers
    ("confirmation by a function that is not named", &[(PROVIDERS, "{\"local-userpass\": {\"config\":\n{\"runConfirmationFunction\": true}}}")], (PROVIDERS, 2, "\"confirmationFunctionName\" is missing")),
    ("confirmation by no function", &[(PROVIDERS, "{\"local-userpass\": {\"config\": {\"runConfirmationFunction\": true,\n\"confirmationFunctionName\": \"helo\"}}}")], (PROVIDERS, 2, "no function is named \"helo\"; did you mean \"hello\"?")),
    ("reset by no function", &[(PROVIDERS, "{\"local-userpass\": {\"config\": {\"autoConfirm\": true, \"runResetFunction\": true,\n\"resetFunctionName\": \"x\"}}}")], (PROVIDERS, 2, "no function is named \"x\"")),
    ("a link that leads nowhere", &[(PROVIDERS, "{\"local-userpass\": {\"config\": {\n\"emailConfirmationUrl\": \"confirm.html\"}}}")], (PROVIDERS, 2, "no address that a link could lead to")),
    ("misspelt disabled", &[(PROVIDERS, "{\"anon-user\":\n{\"disable\": true}}")], (PROVIDERS, 2, "did you mean \"disabled\"?")),
    ("custom function that is not there", &[(PROVIDERS, "{\"custom-function\": {\"config\": {\n\"authFunctionName\": \"login\"}}}")], (PROVIDERS, 2, "no function is named \"login\"")),
    ("custom function without a name", &[(PROVIDERS, "{\"custom-function\":\n{\"config\":\n{}}}")], (PROVIDERS, 3, "\"authFunctionName\" is missing")),
    ("custom token without keys", &[(PROVIDERS, "{\"custom-token\":\n{\"config\": {}}}")], (PROVIDERS, 2, "\"secret_config\" is missing")),
    ("custom token with an unknown secret", &[(PROVIDERS, "{\"custom-token\": {\"config\": {}, \"secret_config\": {\"signingKeys\": [\n\"jwt-key\"]}}}")], (PROVIDERS, 2, "the secret \"jwt-key\" is not known")),
    ("custom token with too many keys", &[(PROVIDERS, "{\"custom-token\": {\"config\": {}, \"secret_config\": {\n\"signingKeys\": [\"a\", \"b\", \"c\", \"d\"]}}}")], (PROVIDERS, 2, "4 signing keys, where there are from 1 to 3")),
    ("custom token with a short key", &[("secrets.json", "{\"a\": \"short\"}"), (PROVIDERS, "{\"custom-token\": {\"config\": {}, \"secret_config\": {\"signingKeys\":\n[\"a\"]}}}")], (PROVIDERS, 2, "has 5 characters, where a key has from 32 to 512")),
    ("custom token with a secret for a public key", &[("secrets.json", "{\"a\": \"0123456789abcdef0123456789abcdef\"}"), (PROVIDERS, "{\"custom-token\": {\"config\": {\"signingAlgorithm\": \"RS256\"}, \"secret_config\": {\"signingKeys\":\n[\"a\"]}}}")], (PROVIDERS, 2, "not the text of a public key")),
    ("custom token without a signature", &[(PROVIDERS, "{\"custom-token\": {\"config\":\n{\"signingAlgorithm\": \"none\"}, \"secret_config\": {}}}")], (PROVIDERS, 2, "\"none\" is not an algorithm")),
    ("keys published in the clear", &[(PROVIDERS, "{\"custom-token\": {\"config\": {\"useJWKURI\": true,\n\"jwkURI\": \"http://example.com/keys\"}}}")], (PROVIDERS, 2, "is not the address of a service")),
    ("keys published nowhere", &[(PROVIDERS, "{\"custom-token\": {\"config\":\n{\"useJWKURI\": true}}}")], (PROVIDERS, 2, "\"jwkURI\" is missing")),
    ("metadata without a member", &[(PROVIDERS, "{\"oauth2-apple\": {\"config\": {\"clientId\": \"a\"}, \"metadata_fields\": [\n{\"required\": true}]}}")], (PROVIDERS, 2, "\"name\" is missing")),
    ("metadata under an operator", &[(PROVIDERS, "{\"oauth2-apple\": {\"config\": {\"clientId\": \"a\"}, \"metadata_fields\": [\n{\"name\": \"$set\"}]}}")], (PROVIDERS, 2, "cannot name a field")),
    ("google without a client", &[(PROVIDERS, "{\"oauth2-google\": {\n\"config\": {}}}")], (PROVIDERS, 2, "\"clientId\" is missing")),
    ("google for everybody", &[(PROVIDERS, "{\"oauth2-google\": {\"config\": {\n\"clientId\": \"\"}}}")], (PROVIDERS, 2, "no token could be for this app")),
    ("google with an unknown secret", &[(PROVIDERS, "{\"oauth2-google\": {\"config\": {\"clientId\": \"a\"},\n\"secret_config\": {\"clientSecret\": \"google\"}}}")], (PROVIDERS, 2, "the secret \"google\" is not known")),
    ("misspelt domains", &[(PROVIDERS, "{\"oauth2-google\": {\"config\": {\"clientId\": \"a\"},\n\"domain_restriction\": [\"example.com\"]}}")], (PROVIDERS, 2, "did you mean \"domain_restrictions\"?")),
    // Who may call, and as whom
    ("expression that is none", &[(FUNCTIONS, "[{\"name\": \"hello\",\n\"can_evaluate\": [1]}]")], (FUNCTIONS, 2, "")),
    ("misspelt can_evaluate", &[(FUNCTIONS, "[{\"name\": \"hello\",\n\"can_evalute\": {}}]")], (FUNCTIONS, 2, "did you mean \"can_evaluate\"?")),
    ("run as two", &[(FUNCTIONS, "[{\"name\": \"hello\", \"run_as_user_id\": \"5f\",\n\"run_as_user_id_script_source\": \"exports = 1\"}]")], (FUNCTIONS, 2, "both")),
    ("run as a number", &[(FUNCTIONS, "[{\"name\": \"hello\",\n\"run_as_user_id\": 5}]")], (FUNCTIONS, 2, "must hold a string")),
    ("function in the place of a script", &[(FUNCTIONS, "[{\"name\": \"hello\", \"run_as_user_id_script_source\": \"exports = 1\"}, {\"name\": \"run_as/hello\"}]"), ("functions/run_as/hello.wasm", "")], (FUNCTIONS, 0, "has the name of a script or webhook")),
    // Rules
    ("misspelt clause", &[SOURCE, (RULES, "{\"roles\": [\n{\"name\": \"a\", \"apply_when\": {},\n\"document_filter\": {\"read\": false}, \"read\": true}]}")], (RULES, 3, "document_filters")),
    ("clause given twice", &[SOURCE, (RULES, "{\"roles\": [{\"name\": \"a\", \"apply_when\": {}, \"read\": false,\n\"read\": true}]}")], (RULES, 2, "given twice")),
    ("rules without roles", &[SOURCE, (RULES, "{\"collection\": \"c\",\n\"read\": true}")], (RULES, 2, "rules without roles are not read")),
    ("rules that are a list", &[SOURCE, (RULES, "\n[]")], (RULES, 2, "must hold an object")),
    ("rules of a system database", &[SOURCE, ("data_sources/a/admin/users/rules.json", "{}")], ("data_sources/a/admin/users/rules.json", 0, "no collection of an app's own")),
    ("rules of one collection in two files", &[SOURCE, (RULES, "{}"), ("data_sources/a/d/e/rules.json", "{\"database\": \"d\", \"collection\": \"c\"}")], ("data_sources/a/d/e/rules.json", 0, "a second file of rules for d.c, the first is data_sources/a/d/c/rules.json")),
    ("collection that is a number", &[SOURCE, (RULES, "{\"database\": \"d\",\n\"collection\": 1}")], (RULES, 2, "must hold a string")),
    ("broken default rules", &[SOURCE, ("data_sources/a/default_rule.json", "{\"roles\": [{\"name\": \"a\", \"apply_when\": {},\n\"wirte\": true}]}")], ("data_sources/a/default_rule.json", 2, "write")),
    ("unknown type", &[SOURCE, (SCHEMA, "{\"properties\": {\n\"a\": {\n\"bsonType\": \"text\"}}}")], (SCHEMA, 3, "\"text\" is not a type")),
    ("misspelt keyword", &[SOURCE, (SCHEMA, "{\n\"requred\": [\"a\"]}")], (SCHEMA, 2, "did you mean \"required\"?")),
    ("broken relationships", &[SOURCE, ("data_sources/a/d/c/relationships.json", "{\n,}")], ("data_sources/a/d/c/relationships.json", 2, "not JSON")),
    ("expression of an unknown value", &[SOURCE, (RULES, "{\"roles\": [{\"name\": \"a\", \"read\": true, \"apply_when\": {\n\"owner\":\n\"%%usr.id\"}}]}")], (RULES, 3, "%%usr")),
    ("rule of who may call with a mistake", &[(FUNCTIONS, "[{\"name\": \"hello\", \"can_evaluate\":\n{\"%%user.id\":\n{\"$exist\": true}}}]")], (FUNCTIONS, 3, "$exist")),
    // Triggers
    ("trigger of no kind", &[(TRIGGER, "{\"name\": \"t\", \"function_name\": \"hello\", \"config\": {},\n\"type\": \"DATABSE\"}")], (TRIGGER, 2, "did you mean \"DATABASE\"?")),
    ("trigger of a function that is not there", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"config\": {\"schedule\": \"0 0 * * *\"}, \"event_processors\": {\"FUNCTION\": {\"config\": {\n\"function_name\": \"helo\"}}}}")], (TRIGGER, 2, "did you mean \"hello\"?")),
    ("schedule of too few fields", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"function_name\": \"hello\", \"config\": {\n\"schedule\": \"0 3 * *\"}}")], (TRIGGER, 2, "has 4 fields, where a schedule has five")),
    ("schedule of a strange hour", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"function_name\": \"hello\", \"config\": {\n\"schedule\": \"0 25 * * *\"}}")], (TRIGGER, 2, "is not a schedule")),
    ("trigger on a strange operation", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\", \"config\": {\"database\": \"d\", \"operation_types\": [\"INSERT\",\n\"UPDAT\"]}}")], (TRIGGER, 2, "did you mean \"UPDATE\"?")),
    ("trigger on users without an operation", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"AUTHENTICATION\", \"function_name\": \"hello\", \"config\":\n{\"providers\": []}}")], (TRIGGER, 2, "\"operation_type\" is missing")),
    ("trigger of another data source", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\", \"config\": {\"database\": \"d\",\n\"service_name\": \"x\"}}")], (TRIGGER, 2, "no data source is named \"x\"")),
    ("trigger without a database", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\",\n\"config\": {\"collection\": \"c\"}}")], (TRIGGER, 2, "a collection is named, and no database")),
    ("trigger that skips nothing known", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"function_name\": \"hello\", \"config\": {\"schedule\": \"0 0 * * *\",\n\"skip_catchup_evnts\": true}}")], (TRIGGER, 2, "did you mean \"skip_catchup_events\"?")),
    ("trigger of Usher's own database", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\", \"config\":\n{\"database\": \"usher\"}}")], (TRIGGER, 2, "is not for apps")),
    ("trigger with a broken match", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\", \"config\": {\"database\": \"d\",\n\"match\": {\"fullDocument.o\": {\"$oid\": \"x\"}}}}")], (TRIGGER, 2, "not Extended JSON")),
    ("trigger with a match that is text", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"DATABASE\", \"function_name\": \"hello\", \"config\": {\"database\": \"d\",\n\"match\": \"x\"}}")], (TRIGGER, 2, "must hold an object")),
    ("two triggers of one name", &[(TRIGGER, "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"function_name\": \"hello\", \"config\": {\"schedule\": \"0 0 * * *\"}}"), ("triggers/b.json", "{\"name\": \"t\", \"type\": \"SCHEDULED\", \"function_name\": \"hello\", \"config\": {\"schedule\": \"0 0 * * *\"}}")], ("triggers/b.json", 0, "a second trigger named \"t\", the first is triggers/a.json")),
    // Endpoints
    ("pasted connection string", &[(ENDPOINTS, "[{\"http_method\": \"GET\", \"function_name\": \"hello\",\n\"route\": \"mongodb+srv://user:pw@host/\"}]")], (ENDPOINTS, 2, "this is not the route of an endpoint")),
    ("route without a slash", &[(ENDPOINTS, "[{\"http_method\": \"GET\", \"function_name\": \"hello\",\n\"route\": \"orders\"}]")], (ENDPOINTS, 2, "\"orders\" is not the route")),
    ("route with a query", &[(ENDPOINTS, "[{\"http_method\": \"GET\", \"function_name\": \"hello\",\n\"route\": \"/orders?x=1\"}]")], (ENDPOINTS, 2, "is not the route")),
    ("endpoint without a method", &[(ENDPOINTS, "[\n{\"route\": \"/a\", \"function_name\": \"hello\"}]")], (ENDPOINTS, 2, "\"http_method\" is missing")),
    ("endpoint of a strange method", &[(ENDPOINTS, "[{\"route\": \"/a\", \"function_name\": \"hello\",\n\"http_method\": \"FETCH\"}]")], (ENDPOINTS, 2, "\"FETCH\" is not a method")),
    ("endpoint of no function", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\",\n\"function_name\": \"helo\"}]")], (ENDPOINTS, 2, "did you mean \"hello\"?")),
    ("endpoint with a misspelt validation", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\",\n\"validation_methd\": \"VERIFY_PAYLOAD\"}]")], (ENDPOINTS, 2, "did you mean \"validation_method\"?")),
    ("endpoint with an unknown validation", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\",\n\"validation_method\": \"VERIFY\"}]")], (ENDPOINTS, 2, "is not a way to validate")),
    ("endpoint without its secret", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\",\n\"validation_method\": \"VERIFY_PAYLOAD\"}]")], (ENDPOINTS, 2, "a secret is needed")),
    ("endpoint with an unknown secret", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\", \"validation_method\": \"VERIFY_PAYLOAD\",\n\"secret_name\": \"s\"}]")], (ENDPOINTS, 2, "is not known")),
    ("endpoint with an empty secret", &[("secrets.json", "{\"s\": \"\"}"), (ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\", \"validation_method\": \"SECRET_AS_QUERY_PARAM\",\n\"secret_name\": \"s\"}]")], (ENDPOINTS, 2, "is empty")),
    ("endpoint with a strange result", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\",\n\"return_type\": \"XML\"}]")], (ENDPOINTS, 2, "\"XML\" is not a type of result")),
    ("two endpoints of one route", &[(ENDPOINTS, "[{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\"},\n{\"route\": \"/a\", \"http_method\": \"GET\", \"function_name\": \"hello\"}]")], (ENDPOINTS, 2, "the first is http_endpoints/config.json:1")),
    ("webhook without a source", &[("services/s/config.json", "{\"name\": \"s\", \"type\": \"http\"}"), (WEBHOOK, "\n{\"name\": \"w\"}")], (WEBHOOK, 2, "the webhook \"w\" has no source")),
    ("webhook that no address leads to", &[("services/s/config.json", "{\"name\": \"s\", \"type\": \"http\"}"), (WEBHOOK, "{\"name\": \"w/x\"}")], (WEBHOOK, 1, "cannot stand in the address")),
    ("webhook with an unknown secret", &[("services/s/config.json", "{\"name\": \"s\", \"type\": \"http\"}"), ("services/s/incoming_webhooks/w/source.js", ""), (WEBHOOK, "{\"name\": \"w\", \"options\": {\"validationMethod\": \"SECRET_AS_QUERY_PARAM\",\n\"secret_name\": \"kept\"}}")], (WEBHOOK, 2, "is not known")),
    // usher.json, about users and issuers
    ("unknown setting of users", &[(USHER, "{\"users\": {\n\"case_insensitive_emails\": true}}")], (USHER, 2, "did you mean \"case_insensitive_email\"?")),
    ("refresh tokens that are too short", &[(USHER, "{\"users\": {\n\"refresh_token_seconds\": 1799}}")], (USHER, 2, "not from 1800 to 157680000")),
    ("refresh tokens that are too long", &[(USHER, "{\"users\": {\n\"refresh_token_seconds\": 157680001}}")], (USHER, 2, "not from 1800 to 157680000")),
    ("anonymous users for no time", &[(USHER, "{\"users\": {\n\"anonymous_days\": 0}}")], (USHER, 2, "\"anonymous_days\" is 0")),
    ("issuer of another provider", &[(USHER, "{\"oauth2\": {\n\"google\": {}}}")], (USHER, 2, "unknown field \"google\"")),
    ("issuer in the clear", &[(USHER, "{\"oauth2\": {\"oauth2-google\": {\n\"keys\": \"http://example.com\"}}}")], (USHER, 2, "is not the address of a service")),
    ("broken trigger", &[("triggers/a.json", "{\n}}")], ("triggers/a.json", 2, "not JSON")),
];

#[test]
fn each_mistake_is_found_where_it_is() {
    assert!(CASES.len() >= 30);
    for (name, files, (file, line, message)) in CASES {
        let all: Vec<_> = BASE.iter().chain(*files).copied().collect();
        let mistakes = load_both(&all).expect_err(name).0;
        assert_eq!(mistakes.len(), 1, "{name}: {mistakes:#?}");
        let mistake = &mistakes[0];
        assert_eq!(mistake.file.to_str(), Some(*file), "{name}: {mistake}");
        assert_eq!(mistake.line.unwrap_or(0), *line, "{name}: {mistake}");
        assert!(mistake.message.contains(message), "{name}: {mistake}");
        assert!(!mistake.help.is_empty(), "{name}");
    }
}

#[test]
fn the_base_of_the_cases_has_no_mistake() {
    let loaded = load_both(BASE).unwrap();
    assert_eq!(loaded.notices, []);
}

#[test]
fn the_mistakes_of_all_files_are_told_at_once() {
    let mistakes = load_both(&[
        ("realm_config.json", "{\n\"name\": \"my shop\"}"),
        ("auth/providers.json", "{\n\"anon-usr\": {}}"),
        ("auth/custom_user_data.json", "{\"enabled\": true,\n\"mongo_service_name\": \"main\", \"database_name\": \"admin\",\n\"collection_name\": \"users\", \"user_id_field\": \"id\"}"),
        ("data_sources/main/config.json", "{\"name\": \"main\"}"),
        ("data_sources/other/config.json", "{\"type\": \"mongodb-atlas\"}"),
        ("functions/config.json", "[{\"name\": \"gone\"}]"),
        ("functions/old.js", "exports = () => 1;"),
        ("functions/new/Cargo.toml", "[package\n"),
        ("triggers/broken.json", "{"),
    ])
    .unwrap_err();
    let shown: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
    let wanted = [
        "auth/custom_user_data.json:2: the database \"admin\" is not for apps",
        "auth/providers.json:2: unknown provider \"anon-usr\"; did you mean \"anon-user\"?",
        "data_sources/other/config.json:1: \"name\" is missing",
        "functions/config.json:1: the function \"gone\" has no source",
        "functions/new/Cargo.toml:1: not TOML",
        "realm_config.json:2: \"my shop\" cannot be an app id",
        "triggers/broken.json:1: not JSON: unterminated object",
    ];
    assert_eq!(shown.len(), wanted.len(), "{mistakes}");
    for (shown, wanted) in shown.iter().zip(wanted) {
        assert!(shown.starts_with(wanted), "{shown}");
    }
    let text = mistakes.to_string();
    assert!(text.contains("\n  add the JavaScript functions/gone.js, the component functions/gone.wasm"), "{text}");
}

#[test]
fn one_file_with_many_mistakes_tells_them_all() {
    let manifest = "[\n{\"name\": \"hello\", \"private\": 1,\n\"budget\": {\"handles\": 0,\n\"log_bytes\": 0},\n\
                    \"grants\": [{\"name\": \"a\",\n\"database\": \"config\",\n\"collection\": \"\"}]}]";
    let all: Vec<_> = BASE.iter().copied().chain([(FUNCTIONS, manifest)]).collect();
    let mistakes = load_both(&all).unwrap_err().0;
    let lines: Vec<_> = mistakes.iter().map(|mistake| mistake.line.unwrap()).collect();
    assert_eq!(lines, [2, 3, 4, 6, 7], "{mistakes:#?}");
}

#[test]
fn a_directory_without_an_app_says_so() {
    let mistakes = load_both(&[("src/main.rs", "")]).unwrap_err().0;
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].to_string().contains("this is not an app directory"), "{}", mistakes[0]);
}

#[test]
fn a_directory_that_is_not_there_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let mistakes = usher_app::load(&missing).unwrap_err().0;
    assert_eq!(mistakes[0].file, missing);
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(usher_app::load(&file).unwrap_err().0[0].message, "not a directory");
}
