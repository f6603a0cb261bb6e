"""The words around the form: labels, hints and sentences that are the software's, not the deployment's.

What an office would want to say in its own way (title, introduction, thanks) comes from `config/texts/`.
"""

from collections.abc import Mapping
from typing import Final

_DEFAULT: Final = "es"

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "es": {
        "language_name": "Español",
        "skip": "Ir al contenido",
        "agency": "¿A qué entidad le quiere escribir?",
        "agency_hint": "Si no está seguro, déjelo así: nosotros la buscamos.",
        "agency_unknown": "No sé",
        "show_topics": "Ver asuntos de la entidad",
        "topic": "Asunto (opcional)",
        "topic_none": "Otro, o no sé",
        "text": "Su mensaje",
        "text_hint": "Cuente qué pasó y qué necesita. Hasta 10.000 letras.",
        "name": "Su nombre (opcional)",
        "name_hint": "Así sabemos cómo llamarle en la respuesta.",
        "files": "Archivos (opcional)",
        "files_hint": "Hasta {count} fotos, audios o documentos, de {megabytes} MB cada uno.",
        "files_again": "Si había escogido archivos, escójalos otra vez.",
        "send": "Enviar",
        "free": "Es gratis. No necesita cuenta ni abogado.",
        "error_title": "Falta corregir algo",
        "error_prefix": "Error",
        "file_large": "El archivo «{name}» pesa más de {megabytes} MB. Envíe uno más liviano.",
        "file_empty": "El archivo «{name}» está vacío. Escoja otro.",
        "file_type": "El archivo «{name}» no es de un tipo que recibamos. Envíe fotos, audios, videos o documentos.",
        "file_count": "Puede enviar hasta {count} archivos. Escoja menos, o envíe los demás en otro mensaje.",
        "key_used": "Esta clave ya se usó para otro mensaje. Use una nueva para cada mensaje.",
        "case": "Caso {number}",
        "no_case": "Su mensaje",
        "state": "Estado",
        "held_by": "Entidad",
        "received": "Recibido",
        "due": "Plazo de respuesta",
        "state_open": "En trámite: la entidad tiene su solicitud y debe responderle.",
        "state_waiting": "La entidad necesita un dato suyo. Escríbalo aquí abajo para que pueda seguir.",
        "state_answered": "Respondido. Si le falta algo, escríbalo aquí abajo y el caso se abre otra vez.",
        "state_closed": "Cerrado. Si le falta algo, escríbalo aquí abajo.",
        "conversation": "Conversación",
        "you": "Usted",
        "us": "Ventanilla",
        "said_nothing": "(sin texto)",
        "attached": "Archivos",
        "keep_link": "Guarde la dirección de esta página: es la única llave para ver la respuesta. No la comparta.",
        "link": "Dirección de esta página",
        "add": "Agregar algo más",
        "add_hint": "Llega a la misma entidad. No necesita repetir lo anterior.",
        "earlier": "Otros casos suyos",
        "refresh": "Ver si hay respuesta",
        "another": "Hacer otra pregunta",
        "e400": "No entendimos lo que llegó. Vuelva atrás e inténtelo otra vez.",
        "e404": "Esta página no existe. Si venía de un enlace de su caso, revise que esté completo.",
        "e405": "Esta página no se puede usar de esa forma.",
        "e413": "Lo que envió es demasiado grande. Envíe menos archivos, o más livianos.",
        "e429": "Recibimos muchos mensajes seguidos desde su conexión. Espere unos minutos e inténtelo otra vez.",
        "e500": "Tuvimos una falla y lo sentimos. Inténtelo otra vez en unos minutos.",
        "back_home": "Ir al inicio",
    },
    "en": {
        "language_name": "English",
        "skip": "Skip to the content",
        "agency": "Which agency do you want to write to?",
        "agency_hint": "If you are not sure, leave it as it is: we will find the right one.",
        "agency_unknown": "I do not know",
        "show_topics": "Show this agency's subjects",
        "topic": "Subject (optional)",
        "topic_none": "Something else, or not sure",
        "text": "Your message",
        "text_hint": "Tell us what happened and what you need. Up to 10,000 characters.",
        "name": "Your name (optional)",
        "name_hint": "So that the answer can address you.",
        "files": "Files (optional)",
        "files_hint": "Up to {count} photos, recordings or documents of {megabytes} MB each.",
        "files_again": "If you had chosen files, please choose them again.",
        "send": "Send",
        "free": "It is free. You need no account and no lawyer.",
        "error_title": "Something needs correcting",
        "error_prefix": "Error",
        "file_large": "The file “{name}” is larger than {megabytes} MB. Please send a smaller one.",
        "file_empty": "The file “{name}” is empty. Please choose another.",
        "file_type": "The file “{name}” is of a type we do not take. Please send photos, audio, video or documents.",
        "file_count": "You can send up to {count} files. Choose fewer, or send the others in another message.",
        "key_used": "This key was already used for another message. Use a new one for each message.",
        "case": "Case {number}",
        "no_case": "Your message",
        "state": "Status",
        "held_by": "Agency",
        "received": "Received",
        "due": "Answer due by",
        "state_open": "In progress: the agency has your request and must answer you.",
        "state_waiting": "The agency needs something from you. Write it below so that they can go on.",
        "state_answered": "Answered. If something is missing, write it below and the case is opened again.",
        "state_closed": "Closed. If something is missing, write it below.",
        "conversation": "Conversation",
        "you": "You",
        "us": "Front desk",
        "said_nothing": "(no text)",
        "attached": "Files",
        "keep_link": "Keep the address of this page: it is the only key to the answer. Do not share it.",
        "link": "Address of this page",
        "add": "Add something",
        "add_hint": "It goes to the same agency. No need to repeat what you wrote.",
        "earlier": "Other cases of yours",
        "refresh": "Check for an answer",
        "another": "Ask something else",
        "e400": "We could not understand what arrived. Please go back and try again.",
        "e404": "There is no such page. If you followed the link of your case, check that it is complete.",
        "e405": "This page cannot be used that way.",
        "e413": "What you sent is too large. Send fewer files, or smaller ones.",
        "e429": "Many messages came from your connection. Please wait some minutes and try again.",
        "e500": "Something failed on our side, and we are sorry. Please try again in some minutes.",
        "back_home": "To the first page",
    },
}


def words(language: str) -> Mapping[str, str]:
    """All words in a language; a deployment's third language reads the default's."""
    return WORDS.get(language, WORDS[_DEFAULT])


def word(key: str, language: str, **values: object) -> str:
    """One of them with its placeholders filled. Substitution only: nothing is evaluated."""
    text = words(language)[key]
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
