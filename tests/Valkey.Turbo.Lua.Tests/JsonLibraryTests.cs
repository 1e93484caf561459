namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of JSON.</summary>
public sealed class JsonLibraryTests
{
    [Theory]
    [InlineData("return cjson.encode(nil)", "null")]
    [InlineData("return cjson.encode(true)", "true")]
    [InlineData("return cjson.encode(1)", "1")]
    [InlineData("return cjson.encode(1.5)", "1.5")]
    [InlineData("return cjson.encode(1e20)", "1e+20")]
    [InlineData("return cjson.encode(-0.0)", "-0")]
    [InlineData("return cjson.encode(1/3)", "0.33333333333333")]
    [InlineData("return cjson.encode(123456789012345)", "1.2345678901234e+14")]
    [InlineData(
        "return cjson.encode(\"a\\\"b\\\\c/d\\n\\t\\r\\b\\f\\1\\127\\200\")",
        "\"a\\\"b\\\\c\\/d\\n\\t\\r\\b\\f\\u0001\\u007f\u00c8\"")]
    [InlineData("return cjson.encode(\"\")", "\"\"")]
    [InlineData("return cjson.encode({})", "{}")]
    [InlineData("return cjson.encode({1, 2, 3})", "[1,2,3]")]
    [InlineData("return cjson.encode({1, nil, 3})", "[1,null,3]")]
    [InlineData("return cjson.encode({[1] = 1, [5] = 5})", "[1,null,null,null,5]")]
    [InlineData("return cjson.encode({[1] = 1, [30] = 2})", "error: t:1: Cannot serialise table: excessively sparse array")]
    [InlineData("return cjson.encode({[1] = \"a\", [11] = 1})", "error: t:1: Cannot serialise table: excessively sparse array")]
    [InlineData("return cjson.encode({a = 1})", "{\"a\":1}")]
    [InlineData("return cjson.encode({[1.5] = 1})", "{\"1.5\":1}")]
    [InlineData("return cjson.encode({[true] = 1})", "error: t:1: Cannot serialise boolean: table key must be a number or string")]
    [InlineData("return cjson.encode({[-1] = 1})", "{\"-1\":1}")]
    [InlineData("return cjson.encode({[0] = 1})", "{\"0\":1}")]
    [InlineData("return cjson.encode({1, 2, x = 3})", "{\"1\":1,\"2\":2,\"x\":3}")]
    [InlineData("return cjson.encode(function() end)", "error: t:1: Cannot serialise function: type not supported")]
    [InlineData("return cjson.encode(0/0)", "error: t:1: Cannot serialise number: must not be NaN or Inf")]
    [InlineData("return cjson.encode(1/0)", "error: t:1: Cannot serialise number: must not be NaN or Inf")]
    [InlineData("return cjson.encode(-1/0)", "error: t:1: Cannot serialise number: must not be NaN or Inf")]
    [InlineData("return cjson.encode({{{}}})", "[[{}]]")]
    [InlineData("return cjson.encode(cjson.null)", "null")]
    [InlineData("return cjson.encode({x = {1, {y = 2}}})", "{\"x\":[1,{\"y\":2}]}")]
    [InlineData("return cjson.encode({[{}] = 1})", "error: t:1: Cannot serialise table: table key must be a number or string")]
    [InlineData("return cjson.encode(coroutine.create(function() end))", "error: t:1: Cannot serialise thread: type not supported")]
    [InlineData("return cjson.encode({{1}, {a = {}}})", "[[1],{\"a\":{}}]")]
    [InlineData("return cjson.encode({[1e10] = 1})", "{\"10000000000\":1}")]
    [InlineData("return cjson.encode({\"a\", [3] = \"c\"})", "[\"a\",null,\"c\"]")]
    [InlineData("return cjson.encode({[2] = 1})", "[null,1]")]
    [InlineData("return cjson.encode({cjson.null, cjson.null})", "[null,null]")]
    [InlineData("return cjson.encode(setmetatable({}, {__index = function() return 1 end}))", "{}")]
    [InlineData("return cjson.encode()", "error: t:1: bad argument #1 to 'encode' (expected 1 argument)")]
    [InlineData("return cjson.encode(1, 2)", "error: t:1: bad argument #1 to 'encode' (expected 1 argument)")]
    [InlineData("local t = {} t[1] = t return cjson.encode(t)", "error: t:1: Cannot serialise, excessive nesting (1001)")]
    [InlineData("local t = {} t.a = t return cjson.encode(t)", "error: t:1: Cannot serialise, excessive nesting (1001)")]
    [InlineData(
        "local r = cjson.decode('1') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1")]
    [InlineData(
        "local r = cjson.decode('-1') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|-1")]
    [InlineData(
        "local r = cjson.decode('1.5e3') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1500")]
    [InlineData(
        "local r = cjson.decode('\"abc\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "string|abc")]
    [InlineData(
        "local r = cjson.decode('\"\\\\u00e9\\\\ud83d\\\\ude00\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "string|\u00c3\u00a9\u00f0\u009f\u0098\u0080")]
    [InlineData(
        "local r = cjson.decode('\"\\\\ud83d\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid unicode escape code at character 2")]
    [InlineData(
        "local r = cjson.decode('\"\\\\udc00\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid unicode escape code at character 2")]
    [InlineData(
        "local r = cjson.decode('\"\\\\ud83d\\\\u0041\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid unicode escape code at character 2")]
    [InlineData(
        "local r = cjson.decode('\"\\\\u12\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid unicode escape code at character 2")]
    [InlineData(
        "local r = cjson.decode('\"\\\\x\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid escape code at character 2")]
    [InlineData(
        "local r = cjson.decode('\"abc') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found unexpected end of string at character 5")]
    [InlineData(
        "local r = cjson.decode('[]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{}")]
    [InlineData(
        "local r = cjson.decode('{}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{}")]
    [InlineData(
        "local r = cjson.decode('[1,2,3]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[1,2,3]")]
    [InlineData(
        "local r = cjson.decode('{\"a\":1,\"b\":[1,{\"c\":null}]}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{\"a\":1,\"b\":[1,{\"c\":null}]}")]
    [InlineData(
        "local r = cjson.decode('[1,2') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected comma or array end but found T_END at character 5")]
    [InlineData(
        "local r = cjson.decode('[1 2]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected comma or array end but found T_NUMBER at character 4")]
    [InlineData(
        "local r = cjson.decode('{\"a\"}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected colon but found T_OBJ_END at character 5")]
    [InlineData(
        "local r = cjson.decode('{\"a\":}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_OBJ_END at character 6")]
    [InlineData(
        "local r = cjson.decode('{a:1}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected object key string but found invalid token at character 2")]
    [InlineData(
        "local r = cjson.decode('{\"a\":1,}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected object key string but found T_OBJ_END at character 8")]
    [InlineData(
        "local r = cjson.decode('[1,]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_ARR_END at character 4")]
    [InlineData(
        "local r = cjson.decode('nul') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid token at character 1")]
    [InlineData(
        "local r = cjson.decode('null') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "userdata|NULL")]
    [InlineData(
        "local r = cjson.decode('true') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "boolean|true")]
    [InlineData(
        "local r = cjson.decode('false') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "boolean|false")]
    [InlineData(
        "local r = cjson.decode('tru') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid token at character 1")]
    [InlineData(
        "local r = cjson.decode('nan') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|nan")]
    [InlineData(
        "local r = cjson.decode('NaN') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|nan")]
    [InlineData(
        "local r = cjson.decode('-nan') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|nan")]
    [InlineData(
        "local r = cjson.decode('inf') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|inf")]
    [InlineData(
        "local r = cjson.decode('-Infinity') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|-inf")]
    [InlineData(
        "local r = cjson.decode('0x10') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|16")]
    [InlineData(
        "local r = cjson.decode('01') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1")]
    [InlineData(
        "local r = cjson.decode('+1') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1")]
    [InlineData(
        "local r = cjson.decode('- 1') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid number at character 1")]
    [InlineData(
        "local r = cjson.decode('-') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid number at character 1")]
    [InlineData(
        "local r = cjson.decode('.5') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid token at character 1")]
    [InlineData(
        "local r = cjson.decode('1.') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1")]
    [InlineData(
        "local r = cjson.decode('1e') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected the end but found invalid token at character 2")]
    [InlineData(
        "local r = cjson.decode('[1]x') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected the end but found invalid token at character 4")]
    [InlineData(
        "local r = cjson.decode('') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_END at character 1")]
    [InlineData(
        "local r = cjson.decode('  ') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_END at character 3")]
    [InlineData(
        "local r = cjson.decode('[,1]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_COMMA at character 2")]
    [InlineData(
        "local r = cjson.decode(':') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_COLON at character 1")]
    [InlineData(
        "local r = cjson.decode('\"\\\\/\\\\b\\\\f\\\\n\\\\r\\\\t\\\\\\\\\\\\\"\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "string|/\u0008\u000c\n\r\t\\\"")]
    [InlineData(
        "local r = cjson.decode('{\"\":1}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{\"\":1}")]
    [InlineData(
        "local r = cjson.decode('1 2') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected the end but found T_NUMBER at character 3")]
    [InlineData(
        "local r = cjson.decode('infx') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected the end but found invalid token at character 4")]
    [InlineData(
        "local r = cjson.decode('-foo') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid number at character 1")]
    [InlineData(
        "local r = cjson.decode('truex') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected the end but found invalid token at character 5")]
    [InlineData(
        "local r = cjson.decode('[\"a\",\"b\\\\n\"]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[\"a\",\"b\\n\"]")]
    [InlineData(
        "local r = cjson.decode('{\"a\":1 \"b\":2}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected comma or object end but found T_STRING at character 8")]
    [InlineData(
        "local r = cjson.decode(' [ 1 , 2 ] ') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[1,2]")]
    [InlineData(
        "local r = cjson.decode('{\"a\":{\"b\":{\"c\":[[],{}]}}}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{\"a\":{\"b\":{\"c\":[{},{}]}}}")]
    [InlineData(
        "local r = cjson.decode('[[[[1]]]]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[[[[1]]]]")]
    [InlineData(
        "local r = cjson.decode('[1,2]\\0junk') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[1,2]")]
    [InlineData(
        "local r = cjson.decode('\"a\\0b\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found unexpected end of string at character 3")]
    [InlineData(
        "local r = cjson.decode('{\"1\":1}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{\"1\":1}")]
    [InlineData(
        "local r = cjson.decode('[null,null]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[null,null]")]
    [InlineData(
        "local r = cjson.decode('\"\\\\u0000\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "string|\u0000")]
    [InlineData(
        "local r = cjson.decode('{\"a\":[1,2,{\"b\":3}],\"c\":\"d\"}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|{\"a\":[1,2,{\"b\":3}],\"c\":\"d\"}")]
    [InlineData(
        "local r = cjson.decode('[true,false]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "table|[true,false]")]
    [InlineData(
        "local r = cjson.decode('\"unterminated \\\\') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found invalid escape code at character 15")]
    [InlineData(
        "local r = cjson.decode('{]') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected object key string but found T_ARR_END at character 2")]
    [InlineData(
        "local r = cjson.decode('[}') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "error: t:1: Expected value but found T_OBJ_END at character 2")]
    [InlineData(
        "local r = cjson.decode('12345678901234567890') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|1.2345678901234567e+19")]
    [InlineData(
        "local r = cjson.decode('1E400') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "number|inf")]
    [InlineData(
        "local r = cjson.decode('\"\\\\uD834\\\\uDD1E\"') return type(r), type(r) == 'table' and cjson.encode(r) or type(r) == 'number' and ('%.17g'):format(r):gsub('-nan', 'nan') or r == cjson.null and 'NULL' or r",
        "string|\u00f0\u009d\u0084\u009e")]
    [InlineData("return cjson.decode()", "error: t:1: bad argument #1 to 'decode' (expected 1 argument)")]
    [InlineData("return cjson.decode(1, 2)", "error: t:1: bad argument #1 to 'decode' (expected 1 argument)")]
    [InlineData("return cjson.decode(12), cjson.decode(\"\\0\\0\")", "error: t:1: JSON parser does not support UTF-16 or UTF-32")]
    [InlineData("return cjson.decode({})", "error: t:1: bad argument #1 to 'decode' (string expected, got table)")]
    [InlineData("return cjson.decode(\"1\\0\")", "error: t:1: JSON parser does not support UTF-16 or UTF-32")]
    [InlineData(
        "return cjson.encode_sparse_array(), cjson.encode_sparse_array(true, 3, 5), cjson.encode({[1] = 1, [30] = 2}), cjson.encode({[1] = 1, [4] = 1})",
        "false|true|{\"1\":1,\"30\":2}|[1,null,null,1]")]
    [InlineData(
        "return cjson.encode_sparse_array(false, 0), cjson.encode({[1] = 1, [12] = 2})",
        "false|[1,null,null,null,null,null,null,null,null,null,null,2]")]
    [InlineData("return cjson.encode_sparse_array(1)", "error: t:1: bad argument #1 to 'encode_sparse_array' (invalid option '1')")]
    [InlineData(
        "return cjson.encode_sparse_array(\"on\", -1)",
        "error: t:1: bad argument #1 to 'encode_sparse_array' (expected integer between 0 and 2147483647)")]
    [InlineData(
        "return cjson.encode_sparse_array(true, 2, 3, 4)",
        "error: t:1: bad argument #4 to 'encode_sparse_array' (found too many arguments)")]
    [InlineData(
        "return cjson.encode_max_depth(), cjson.encode_max_depth(2), cjson.encode({{1}}), pcall(cjson.encode, {{{1}}})",
        "1000|2|[[1]]|false|Cannot serialise, excessive nesting (3)")]
    [InlineData(
        "return cjson.encode_max_depth(0)",
        "error: t:1: bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)")]
    [InlineData("return cjson.encode_max_depth(\"x\")", "error: t:1: bad argument #1 to 'encode_max_depth' (number expected, got string)")]
    [InlineData("return cjson.encode_max_depth(1, 2)", "error: t:1: bad argument #2 to 'encode_max_depth' (found too many arguments)")]
    [InlineData(
        "return cjson.decode_max_depth(3), pcall(cjson.decode, \"[[[[1]]]]\"), pcall(cjson.decode, '{\"a\":{\"b\":{\"c\":{}}}}')",
        "3|false|false|Found too many nested data structures (4) at character 16")]
    [InlineData("return pcall(cjson.decode, (\"[\"):rep(1001)), type(cjson.decode((\"[\"):rep(1000) .. (\"]\"):rep(1000)))", "false|table")]
    [InlineData(
        "cjson.decode_max_depth(100000) return pcall(cjson.decode, (\"[\"):rep(9000)), pcall(cjson.decode, ('{\"a\":'):rep(9000))",
        "false|false|Found too many nested data structures (4000) at character 19996")]
    [InlineData(
        "cjson.encode_max_depth(100000) local d = {} for i = 1, 9000 do d = {d} end return pcall(cjson.encode, d)",
        "false|Cannot serialise, excessive nesting (7998)")]
    [InlineData(
        "cjson.encode_max_depth(100000) local d = {} for i = 1, 9000 do d = {a = d} end return pcall(cjson.encode, d)",
        "false|Cannot serialise, excessive nesting (4000)")]
    [InlineData(
        "return cjson.encode_number_precision(), cjson.encode_number_precision(3), cjson.encode(1 / 3), cjson.encode(123456), cjson.encode(0.00012345)",
        "14|3|0.333|1.23e+05|0.000123")]
    [InlineData(
        "return cjson.encode_number_precision(15)",
        "error: t:1: bad argument #1 to 'encode_number_precision' (expected integer between 1 and 14)")]
    [InlineData(
        "return cjson.encode_keep_buffer(), cjson.encode_keep_buffer(\"off\"), cjson.encode_keep_buffer(true), pcall(cjson.encode_keep_buffer, \"maybe\")",
        "true|false|true|false|bad argument #1 to '?' (invalid option 'maybe')")]
    [InlineData(
        "return cjson.encode_invalid_numbers(), cjson.encode_invalid_numbers(\"on\"), (cjson.encode(0 / 0):gsub(\"-\", \"\")), cjson.encode(1 / 0), cjson.encode(-1 / 0)",
        "false|true|nan|inf|-inf")]
    [InlineData(
        "return cjson.encode_invalid_numbers(\"null\"), cjson.encode(0 / 0), cjson.encode({1 / 0}), cjson.encode_invalid_numbers(false), cjson.encode_invalid_numbers(nil)",
        "null|null|[null]|false|false")]
    [InlineData(
        "return cjson.encode_invalid_numbers(\"foo\")",
        "error: t:1: bad argument #1 to 'encode_invalid_numbers' (invalid option 'foo')")]
    [InlineData(
        "return cjson.decode_invalid_numbers(false), pcall(cjson.decode, \"0x10\"), pcall(cjson.decode, \"01\"), pcall(cjson.decode, \"nan\"), pcall(cjson.decode, \"-inf\"), cjson.decode(\"-0.5\"), cjson.decode(\"0\")",
        "false|false|false|false|false|-0.5|0")]
    [InlineData(
        "local c = cjson.new() c.encode_max_depth(1) return pcall(c.encode, {{1}}), cjson.encode({{1}}), c._NAME, c._VERSION, c.null == cjson.null",
        "false|[[1]]|cjson|2.1.0|true")]
    [InlineData(
        "return tostring(cjson.null), type(cjson.null), cjson.null == nil, cjson._NAME, cjson._VERSION",
        "userdata: (nil)|userdata|false|cjson|2.1.0")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
