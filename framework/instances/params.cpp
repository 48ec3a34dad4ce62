#include "instances/params.hpp"

#include <spar/error.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

using Json = nlohmann::ordered_json;

const Json *find(const spar_params *params, const char *pointer) {
    try {
        const Json::json_pointer at(pointer);
        return params->node->contains(at) ? &params->node->at(at) : nullptr;
    } catch (const Json::exception &) {
        return nullptr;
    }
}

const Json &require(const spar_params *params, const char *pointer) {
    const Json *value = find(params, pointer);
    if (value == nullptr)
        throw invalid(std::string("there is no parameter at ") + pointer, pointer);
    return *value;
}

[[noreturn]] void wrong_kind(const Json &value, const char *wanted, const char *pointer) {
    throw invalid(std::string("expected ") + wanted + ", found " + value.type_name(), pointer);
}

spar_value_kind value_kind(const spar_params *params, const char *pointer) {
    const Json *value = find(params, pointer);
    if (value == nullptr) return SPAR_VALUE_ABSENT;
    switch (value->type()) {
        case Json::value_t::boolean:
            return SPAR_VALUE_BOOLEAN;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float:
            return SPAR_VALUE_NUMBER;
        case Json::value_t::string:
            return SPAR_VALUE_STRING;
        case Json::value_t::array:
            return SPAR_VALUE_ARRAY;
        case Json::value_t::object:
            return SPAR_VALUE_OBJECT;
        default:
            return SPAR_VALUE_NULL;
    }
}

std::int64_t value_size(const spar_params *params, const char *pointer) {
    const Json *value = find(params, pointer);
    if (value == nullptr || !value->is_structured()) return -1;
    return static_cast<std::int64_t>(value->size());
}

spar_status get_boolean(const spar_params *params, const char *pointer, std::int32_t *out,
                        spar_error *error) {
    return guarded(error, [&] {
        const Json &value = require(params, pointer);
        if (!value.is_boolean()) wrong_kind(value, "true or false", pointer);
        *out = value.get<bool>() ? 1 : 0;
    });
}

spar_status get_integer(const spar_params *params, const char *pointer, std::int64_t *out,
                        spar_error *error) {
    return guarded(error, [&] {
        const Json &value = require(params, pointer);
        if (!value.is_number_integer()) wrong_kind(value, "an integer", pointer);
        *out = value.get<std::int64_t>();
    });
}

spar_status get_number(const spar_params *params, const char *pointer, double *out,
                       spar_error *error) {
    return guarded(error, [&] {
        const Json &value = require(params, pointer);
        if (!value.is_number()) wrong_kind(value, "a number", pointer);
        *out = value.get<double>();
    });
}

const std::string &require_text(const spar_params *params, const char *pointer) {
    const Json &value = require(params, pointer);
    if (!value.is_string()) wrong_kind(value, "a string", pointer);
    return value.get_ref<const std::string &>();
}

spar_status get_string(const spar_params *params, const char *pointer, const char **out,
                       spar_error *error) {
    return guarded(error, [&] { *out = require_text(params, pointer).c_str(); });
}

spar_status get_path(const spar_params *params, const char *pointer, const char **out,
                     spar_error *error) {
    return guarded(error, [&] {
        const std::string &text = require_text(params, pointer);
        params->texts.push_back(params->path ? params->path(params->pointer + pointer, text)
                                             : text);
        *out = params->texts.back().c_str();
    });
}

spar_status get_component(const spar_params *params, const char *pointer, spar_kind kind,
                          spar_component_ref *out, spar_error *error) {
    return guarded(error, [&] {
        const Json &node = require(params, pointer);
        if (!params->child)
            throw Error(SPAR_E_UNSUPPORTED, "there are no components here", pointer);
        const std::uint32_t size = out->struct_size;
        const spar_component_ref built = params->child(kind, node, params->pointer + pointer);
        std::memcpy(out, &built, std::min<std::size_t>(size, sizeof built));
        out->struct_size = size;
    });
}

std::uint64_t random_key(const spar_params *params) {
    return params->key;
}

}  // namespace

void install_param_getters(spar_host &host) {
    host.value_kind = value_kind;
    host.value_size = value_size;
    host.get_boolean = get_boolean;
    host.get_integer = get_integer;
    host.get_number = get_number;
    host.get_string = get_string;
    host.get_path = get_path;
    host.get_component = get_component;
    host.random_key = random_key;
}

}  // namespace spar::host
