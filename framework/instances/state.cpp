#include "instances/state.hpp"

#include "base/failure.hpp"
#include "instances/instance.hpp"

#include <fmt/format.h>
#include <cstring>

namespace spar::host {
namespace {

constexpr std::size_t largest_state = std::size_t{256} << 20;

constexpr const char *way_on =
    "; go on with the plugin that the training was begun with, or train anew in another folder";

/// The host's end of a stream. A component cannot conceal a failed transfer.
struct Transfer {
    std::string bytes;
    std::size_t done = 0;  // bytes read so far
    std::string fault;     // of the first failed transfer

    spar_status refuse(spar_error *error, const std::string &why) {
        if (fault.empty()) fault = why;
        return fill(error, SPAR_E_CONTRACT, why);
    }
};

spar_status write(void *handle, const void *bytes, std::int64_t size, spar_error *error) {
    auto &to = *static_cast<Transfer *>(handle);
    if (size < 0 || (bytes == nullptr && size > 0))
        return to.refuse(error, fmt::format("wrote {} bytes from {}", size, fmt::ptr(bytes)));
    if (static_cast<std::uint64_t>(size) > largest_state - to.bytes.size())
        return to.refuse(error, fmt::format("its state is larger than {} bytes, the most that a "
                                            "checkpoint takes of one component",
                                            largest_state));
    return guarded(error, [&] {
        to.bytes.append(static_cast<const char *>(bytes), static_cast<std::size_t>(size));
    });
}

spar_status read(void *handle, void *bytes, std::int64_t size, spar_error *error) {
    auto &from = *static_cast<Transfer *>(handle);
    const std::size_t left = from.bytes.size() - from.done;
    if (size < 0 || (bytes == nullptr && size > 0) || static_cast<std::uint64_t>(size) > left)
        return from.refuse(error, fmt::format("\"load\" asked for {} more bytes of state, where {} "
                                              "of the {} that \"save\" wrote are left",
                                              size, left, from.bytes.size()));
    if (size > 0) std::memcpy(bytes, from.bytes.data() + from.done, static_cast<std::size_t>(size));
    from.done += static_cast<std::size_t>(size);
    return SPAR_OK;
}

spar_stream stream_to(Transfer &transfer, bool writing) {
    return {.struct_size = sizeof(spar_stream),
            .reserved = 0,
            .handle = &transfer,
            .write = writing ? write : nullptr,
            .read = writing ? nullptr : read};
}

[[noreturn]] void refuse(const Instance &instance, const std::string &why) {
    throw Failure(Exit::plugin,
                  fmt::format("#{}: {} ({})", instance.pointer(), why, instance.label()));
}

}  // namespace

std::string saved_state(const Instance &instance) {
    Transfer transfer;
    const spar_stream stream = stream_to(transfer, true);
    instance.call("save", [&](spar_error *error) {
        return instance.component().save(instance.self(), &stream, error);
    });
    if (!transfer.fault.empty()) refuse(instance, transfer.fault);
    return std::move(transfer.bytes);
}

void load_state(const Instance &instance, const std::string &state, const std::string &remedy) {
    Transfer transfer{.bytes = state, .done = 0, .fault = {}};
    const spar_stream stream = stream_to(transfer, false);
    try {
        instance.call("load", [&](spar_error *error) {
            return instance.component().load(instance.self(), &stream, error);
        });
    } catch (const Failure &failure) {
        if (failure.exit() == Exit::stopped) throw;
        throw Failure(failure.exit(), failure.what() + remedy);
    }
    if (!transfer.fault.empty()) refuse(instance, transfer.fault + remedy);
    if (transfer.done < state.size())
        refuse(instance, fmt::format("\"load\" read {} of the {} bytes of state that \"save\" "
                                     "wrote{}",
                                     transfer.done, state.size(), remedy));
}

namespace {

/// Calls visit(name, instance) for every instance with state, inner ones first, because an outer
/// one may call them while it restores.
template <class Visit>
void for_each(const std::string &part, const Instance &instance, const Visit &visit) {
    for (const auto &child : instance.children()) for_each(part, *child, visit);
    if (instance.component().save != nullptr) visit(part + instance.pointer(), instance);
}

}  // namespace

ComponentStates saved_states(std::span<const Participant> participants) {
    ComponentStates states;
    for (const Participant &one : participants)
        for_each(one.part, *one.instance, [&](const std::string &name, const Instance &instance) {
            states[name] = saved_state(instance);
        });
    return states;
}

void load_states(std::span<const Participant> participants, const ComponentStates &states) {
    ComponentStates left = states;
    for (const Participant &one : participants)
        for_each(one.part, *one.instance, [&](const std::string &name, const Instance &instance) {
            const auto found = left.find(name);
            if (found == left.end())
                throw Failure(Exit::changed,
                              fmt::format("#{}: the checkpoint holds no state of {}, as if it were "
                                          "of an older version{}",
                                          instance.pointer(), instance.label(), way_on));
            load_state(instance, found->second, way_on);
            left.erase(found);
        });
    if (!left.empty())
        throw Failure(
            Exit::changed,
            fmt::format("the checkpoint holds state of \"{}\", which takes none, as if it "
                        "were of another version{}",
                        left.begin()->first, way_on));
}

}  // namespace spar::host
