#include "graph/parameters.hpp"

#include <spar/philox.hpp>

#include <algorithm>
#include <cmath>

namespace sequential {
namespace {

// FNV-1a (Fowler, Noll, Vo): turns a name into a key.
std::uint64_t hash(const std::string &text) {
    std::uint64_t value = 0xCBF29CE484222325U;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return value;
}

spar::Random numbers_for(const Parameter &parameter, std::uint64_t key) {
    return {spar::mix_key(key, hash(parameter.name)), 0};
}

void fill_uniform(Parameter &parameter, double bound, std::uint64_t key) {
    spar::Random random = numbers_for(parameter, key);
    const auto limit = static_cast<float>(bound);
    for (std::size_t i = 0; i < parameter.value.size(); ++i)
        parameter.value[i] = random.uniform(static_cast<std::int64_t>(i), -limit, limit);
}

void fill_normal(Parameter &parameter, double deviation, std::uint64_t key) {
    spar::Random random = numbers_for(parameter, key);
    const auto scale = static_cast<float>(deviation);
    for (std::size_t i = 0; i < parameter.value.size(); ++i)
        parameter.value[i] = scale * random.normal(static_cast<std::int64_t>(i));
}

}  // namespace

Parameter &ParameterList::add(std::string name, Shape shape, bool trainable) {
    for (const auto &other : all_)
        if (other->name == name)
            throw spar::invalid("two parameters would be called \"" + name +
                                "\"; give the layers different names");
    auto parameter = std::make_unique<Parameter>();
    const auto count = static_cast<std::size_t>(volume(shape));
    parameter->name = std::move(name);
    parameter->shape = std::move(shape);
    parameter->trainable = trainable;
    parameter->value.assign(count, 0.0F);
    if (trainable) parameter->gradient.assign(count, 0.0F);
    all_.push_back(std::move(parameter));
    return *all_.back();
}

void initialise_weight(Parameter &weight, const std::string &method, std::uint64_t key) {
    const auto count = static_cast<double>(weight.value.size());
    const auto outputs = static_cast<double>(weight.shape[0]);
    const double field =
        count / (outputs * static_cast<double>(weight.shape.size() > 1 ? weight.shape[1] : 1));
    const double fan_in = count / outputs;
    const double fan_out = outputs * field;
    if (method == "zero")
        std::fill(weight.value.begin(), weight.value.end(), 0.0F);
    else if (method == "kaiming_normal")
        fill_normal(weight, std::sqrt(2.0 / fan_in), key);
    else if (method == "kaiming_uniform")
        fill_uniform(weight, std::sqrt(6.0 / fan_in), key);
    else if (method == "xavier_normal")
        fill_normal(weight, std::sqrt(2.0 / (fan_in + fan_out)), key);
    else if (method == "xavier_uniform")
        fill_uniform(weight, std::sqrt(6.0 / (fan_in + fan_out)), key);
    else if (method == "pytorch")
        fill_uniform(weight, 1.0 / std::sqrt(fan_in), key);
    else
        throw spar::invalid("no initialisation is called \"" + method + "\"");
}

void initialise_normal(Parameter &parameter, double deviation, std::uint64_t key) {
    fill_normal(parameter, deviation, key);
}

void initialise_bias(Parameter &bias, const std::string &method, std::int64_t fan_in,
                     std::uint64_t key) {
    if (method == "pytorch")
        fill_uniform(bias, 1.0 / std::sqrt(static_cast<double>(fan_in)), key);
    else
        std::fill(bias.value.begin(), bias.value.end(), 0.0F);
}

}  // namespace sequential
