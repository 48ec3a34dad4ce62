// The plugins of docs/decisions/0013, run against hosts of a few lines: whether the contract to
// come says enough for both sides. usage: contract_to_come FOLDER-OF-THE-PLUGINS
#include "host.hpp"

int main(int, char **argv) {
    error.struct_size = sizeof error;
    texts_are_attacked(argv[1]);
    decisions_are_enough(argv[1]);
    sites_are_perturbed(argv[1]);
    std::printf("the plugins and the contract to come understand each other\n");
    return 0;
}
