#include "engine/fit.hpp"

#include <spar/fit.hpp>

#include <algorithm>
#include <cstddef>

namespace spar::host {

void require_fit(const Instance &component, const spar_threat &threat) {
    const auto ask = [&](const auto &table) {
        component.call("fits", [&](spar_error *error) -> spar_status {
            const spar_threat shown = threat;  // a copy, so that the component cannot change it
            try {
                spar::require_fit(table, component.self(), shown);
                return SPAR_OK;
            } catch (const Error &e) {  // call() handles what the component throws itself
                return fill(error, e.code(), e.what(), e.pointer());
            }
        });
    };
    if (component.ref().kind == SPAR_KIND_METHOD)
        ask(component.table<spar_method_table>());
    else
        ask(component.table<spar_attack_table>());
}

/// What a method promises; nothing if its plugin is older than minor 3.
static spar_method_traits traits_of(const Instance &method) {
    const auto &table = method.table<spar_method_table>();
    constexpr std::size_t needed = offsetof(spar_method_table, traits) + sizeof table.traits;
    if (table.struct_size < needed || table.traits == nullptr) return 0;
    return method.ask("traits", [&] { return table.traits(method.self()); });
}

bool takes_lengths(const Instance &method) {
    return (traits_of(method) & SPAR_METHOD_LENGTHS) != 0 &&
           std::ranges::all_of(method.children(), [](const auto &child) {
               return child->ref().kind != SPAR_KIND_METHOD || takes_lengths(*child);
           });
}

void require_use_of_unlabelled(const Instance &method, const std::string &place) {
    if ((traits_of(method) & SPAR_METHOD_UNLABELLED) == 0)
        throw Failure(Exit::pipeline,
                      "#" + place + ": the method \"" + method.type() +
                          "\" makes no use of examples without labels; take one that does, as vat, "
                          "or leave this out");
}

}  // namespace spar::host
