"""Headers of other programs' contact exports, and of sheets in other languages, with what they mean."""

from __future__ import annotations

from heyx_bulk.mapping.known_headers import FULL_NAME, TAGS

FIRST, LAST, PHONE, EMAIL, LANGUAGE = "firstName", "lastName", "phone", "email", "language"


EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "Google Contacts, CSV": (
        "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,"
        "Name Prefix,Name Suffix,Nickname,File As,Organization Name,Organization Title,"
        "Organization Department,Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,"
        "E-mail 2 - Label,E-mail 2 - Value,E-mail 3 - Label,E-mail 3 - Value,E-mail 4 - Label,"
        "E-mail 4 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Phone 3 - Label,"
        "Phone 3 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,"
        "Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,"
        "Address 1 - Extended Address,Website 1 - Label,Website 1 - Value,Event 1 - Label,Event 1 - Value,"
        "Event 2 - Label,Event 2 - Value,Custom Field 1 - Label,Custom Field 1 - Value",
        {"First Name": FIRST, "Last Name": LAST, "E-mail 1 - Value": EMAIL, "Phone 1 - Value": PHONE},
    ),
    "Google Contacts, older CSV": (
        "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Additional Name Yomi,"
        "Family Name Yomi,Name Prefix,Name Suffix,Initials,Nickname,Short Name,Maiden Name,Birthday,Gender,"
        "Location,Billing Information,Directory Server,Mileage,Occupation,Hobby,Sensitivity,Priority,Subject,"
        "Notes,Language,Photo,Group Membership,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,"
        "E-mail 2 - Value,E-mail 3 - Type,E-mail 3 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,"
        "Phone 2 - Value,Phone 3 - Type,Phone 3 - Value,Phone 4 - Type,Phone 4 - Value,Address 1 - Type,"
        "Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - PO Box,Address 1 - Region,"
        "Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address,Organization 1 - Type,"
        "Organization 1 - Name,Organization 1 - Yomi Name,Organization 1 - Title,Organization 1 - Department,"
        "Organization 1 - Symbol,Organization 1 - Location,Organization 1 - Job Description",
        {
            "Name": FULL_NAME,
            "Given Name": FIRST,
            "Family Name": LAST,
            "Gender": "gender",
            "Language": LANGUAGE,
            "E-mail 1 - Value": EMAIL,
            "Phone 1 - Value": PHONE,
        },
    ),
    "Outlook, CSV": (
        "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,"
        "Business Street 2,Business Street 3,Business City,Business State,Business Postal Code,"
        "Business Country/Region,Home Street,Home Street 2,Home Street 3,Home City,Home State,"
        "Home Postal Code,Home Country/Region,Other Street,Other Street 2,Other Street 3,Other City,"
        "Other State,Other Postal Code,Other Country/Region,Assistant's Phone,Business Fax,Business Phone,"
        "Business Phone 2,Callback,Car Phone,Company Main Phone,Home Fax,Home Phone,Home Phone 2,ISDN,"
        "Mobile Phone,Other Fax,Other Phone,Pager,Primary Phone,Radio Phone,TTY/TDD Phone,Telex,Account,"
        "Anniversary,Assistant's Name,Billing Information,Birthday,Business Address PO Box,Categories,"
        "Children,Directory Server,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,"
        "E-mail 2 Type,E-mail 2 Display Name,E-mail 3 Address,E-mail 3 Type,E-mail 3 Display Name,Gender,"
        "Government ID Number,Hobby,Home Address PO Box,Initials,Internet Free Busy,Keywords,Language,"
        "Location,Manager's Name,Mileage,Notes,Office Location,Organizational ID Number,Other Address PO Box,"
        "Priority,Private,Profession,Referred By,Sensitivity,Spouse,User 1,User 2,User 3,User 4,Web Page",
        {
            "First Name": FIRST,
            "Last Name": LAST,
            "Mobile Phone": PHONE,
            "E-mail Address": EMAIL,
            "Gender": "gender",
            "Language": LANGUAGE,
        },
    ),
    "Outlook in German, CSV": (
        "Anrede,Vorname,Weitere Vornamen,Nachname,Suffix,Firma,Abteilung,Position,Straße geschäftlich,"
        "Straße geschäftlich 2,Straße geschäftlich 3,Ort geschäftlich,Region geschäftlich,"
        "Postleitzahl geschäftlich,Land/Region geschäftlich,Straße privat,Straße privat 2,Straße privat 3,"
        "Ort privat,Bundesland/Kanton privat,Postleitzahl privat,Land/Region privat,Weitere Straße,"
        "Weitere Straße 2,Weitere Straße 3,Weiterer Ort,Weiteres/r Bundesland/Kanton,Weitere Postleitzahl,"
        "Weiteres/e Land/Region,Telefon Assistent,Fax geschäftlich,Telefon geschäftlich,"
        "Telefon geschäftlich 2,Rückmeldung,Autotelefon,Telefon Firma,Fax privat,Telefon (privat),"
        "Telefon (privat 2),ISDN,Mobiltelefon,Weiteres Fax,Weiteres Telefon,Pager,Haupttelefon,"
        "Mobiltelefon 2,Telefon für Hörbehinderte,Telex,Abrechnungsinformation,Assistent(in),Benutzer 1,"
        "Benutzer 2,Benutzer 3,Benutzer 4,Beruf,Büro,E-Mail-Adresse,E-Mail-Typ,E-Mail: Angezeigter Name,"
        "E-Mail 2: Adresse,E-Mail 2: Typ,E-Mail 2: Angezeigter Name,E-Mail 3: Adresse,E-Mail 3: Typ,"
        "E-Mail 3: Angezeigter Name,Empfohlen von,Geburtstag,Geschlecht,Hobby,Initialen,"
        "Internet Frei/Gebucht,Jahrestag,Kategorien,Kinder,Konto,Name des/r Vorgesetzten,Notizen,"
        "Organisationsnr.,Ort,Partner,Postfach geschäftlich,Postfach privat,Priorität,Privat,Reisekilometer,"
        "Sozialversicherungsnr.,Sprache,Stichwörter,Vertraulichkeit,Verzeichnisserver,Webseite,"
        "Weiteres Postfach",
        {
            "Vorname": FIRST,
            "Nachname": LAST,
            "Mobiltelefon": PHONE,
            "E-Mail-Adresse": EMAIL,
            "Geschlecht": "gender",
            "Sprache": LANGUAGE,
        },
    ),
    "Outlook in French, CSV": (
        "Titre,Prénom,Deuxième prénom,Nom,Suffixe,Surnom,Société,Service,Titre,Rue (bureau),Rue (bureau) 2,"
        "Rue (bureau) 3,Ville (bureau),Dép/Région (bureau),Code postal (bureau),Pays (bureau),Rue (domicile),"
        "Rue (domicile) 2,Rue (domicile) 3,Ville (domicile),Dép/Région (domicile),Code postal (domicile),"
        "Pays (domicile),Rue (autre),Rue (autre) 2,Rue (autre) 3,Ville (autre),Dép/Région (autre),"
        "Code postal (autre),Pays (autre),Téléphone de l'assistant(e),Télécopie (bureau),Téléphone (bureau),"
        "Téléphone 2 (bureau),Rappel,Téléphone (voiture),Téléphone société,Télécopie (domicile),"
        "Téléphone (domicile),Téléphone 2 (domicile),RNIS,Tél. mobile,Télécopie (autre),Téléphone (autre),"
        "Récepteur de radiomessagerie,Téléphone principal,Radio téléphone,Téléphone TDD/TTY,Télex,"
        "Adresse de messagerie,Type de messagerie,Nom complet de l'adresse de messagerie,"
        "Adresse de messagerie 2,Type de messagerie 2,Nom complet de l'adresse de messagerie 2,"
        "Adresse de messagerie 3,Type de messagerie 3,Nom complet de l'adresse de messagerie 3,Anniversaire,"
        "Anniversaire de mariage ou fête,Autre boîte postale,B.P. professionnelle,Boîte postale du domicile,"
        "Bureau,Catégories,Code gouvernement,Compte,Conjoint(e),Critère de diffusion,Disponibilité Internet,"
        "Emplacement,Enfants,Informations facturation,Initiales,Kilométrage,Langue,Mots clés,"
        "Nom de l'assistant(e),Notes,Numéro d'identification de l'organisation,Page Web,Passe-temps,Priorité,"
        "Privé,Profession,Recommandé par,Responsable,Serveur d'annuaire,Sexe,Utilisateur 1,Utilisateur 2,"
        "Utilisateur 3,Utilisateur 4",
        {
            "Prénom": FIRST,
            "Nom": LAST,
            "Tél. mobile": PHONE,
            "Adresse de messagerie": EMAIL,
            "Langue": LANGUAGE,
            "Sexe": "gender",
        },
    ),
    "HubSpot, export of contacts": (
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Create Date,"
        "Last Modified Date,Contact Type,Lifecycle Stage,Lead Source,Stage of Journey,Next appointment date,"
        "Associated Deal,Associated Company,Associated Deal IDs",
        {"First Name": FIRST, "Last Name": LAST, "Email": EMAIL, "Phone Number": PHONE},
    ),
    "HubSpot, names of its properties": (
        "First name,Last name,Email address,Phone number,Mobile phone number,Job title,Company name,"
        "Website URL,City,State/Region,Country/Region,Zip code,LinkedIn Bio,Lifecycle stage,Lead status",
        {"First name": FIRST, "Last name": LAST, "Email address": EMAIL, "Mobile phone number": PHONE},
    ),
    "Mailchimp, export of an audience": (
        "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "LAST_CHANGED,LEID,EUID,NOTES,TAGS,UNSUB_TIME",
        {
            "Email Address": EMAIL,
            "First Name": FIRST,
            "Last Name": LAST,
            "Phone Number": PHONE,
            "TAGS": TAGS,
        },
    ),
    "Mailchimp, export of subscribed members": (
        "Email,First Name,Last Name,Position,Company,ORIGIN,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS",
        {"Email": EMAIL, "First Name": FIRST, "Last Name": LAST, "TIMEZONE": "timezone", "TAGS": TAGS},
    ),
    "Mailchimp, merge tags": (
        "EMAIL,FNAME,LNAME,PHONE,UNSUB,BOUNCE,STATUS,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES",
        {"EMAIL": EMAIL, "FNAME": FIRST, "LNAME": LAST, "PHONE": PHONE},
    ),
    "Zoho CRM, fields of contacts": (
        "ACCOUNTID,Contact Owner,Lead Source,First Name,Last Name,Email,Title,Department,Phone,Home Phone,"
        "Fax,Mobile,Date of Birth,Assistant,Asst Phone,Reports To,Mailing Street,Other Street,Mailing City,"
        "Other City,Mailing State,Other State,Mailing Zip,Other Zip,Mailing Country,Other Country,"
        "Description,Skype ID,Salutation,Email3,Lead Source Detail",
        {"First Name": FIRST, "Last Name": LAST, "Email": EMAIL, "Mobile": PHONE},
    ),
    "Salesforce, contacts by Data Loader": (
        "Id,IsDeleted,MasterRecordId,AccountId,LastName,FirstName,Salutation,Name,OtherCity,OtherState,"
        "OtherPostalCode,OtherCountry,OtherLatitude,OtherLongitude,OtherGeocodeAccuracy,OtherAddress,"
        "MailingCity,MailingState,MailingPostalCode,MailingCountry,MailingLatitude,MailingLongitude,"
        "MailingGeocodeAccuracy,MailingAddress,Phone,Fax,MobilePhone,HomePhone,OtherPhone,AssistantPhone,"
        "ReportsToId,Email,Title,Department,AssistantName,LeadSource,Birthdate,OwnerId,CreatedDate,"
        "CreatedById,LastModifiedDate,LastModifiedById,SystemModstamp,LastActivityDate,LastCURequestDate,"
        "LastCUUpdateDate,LastViewedDate,LastReferencedDate,EmailBouncedReason,EmailBouncedDate,"
        "IsEmailBounced,PhotoUrl,Jigsaw,JigsawContactId,CleanStatus,IndividualId,Level__c,Languages__c",
        {"LastName": LAST, "FirstName": FIRST, "Name": FULL_NAME, "MobilePhone": PHONE, "Email": EMAIL},
    ),
    "respond.io, import of contacts": (
        "First Name,Last Name,Phone Number,Email,Tags,custom_field.plan",
        {"First Name": FIRST, "Last Name": LAST, "Phone Number": PHONE, "Email": EMAIL, "Tags": TAGS},
    ),
    "WATI, import of contacts": (
        "Name,CountryCode,Phone,AllowBroadcast,AllowSMS,Attribute 1,Attribute 2",
        {"Name": FULL_NAME, "Phone": PHONE},
    ),
    "Interakt, columns of its contacts": (
        "Name,Country Code,Phone Number,Email,WhatsApp Opted,User ID,Area,City",
        {"Name": FULL_NAME, "Phone Number": PHONE, "Email": EMAIL},
    ),
    "AiSensy, columns of its contacts": (
        "Name,Mobile Number,City,email,State,First Message",
        {"Name": FULL_NAME, "Mobile Number": PHONE, "email": EMAIL},
    ),
    "Shopify, export of customers": (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
        "Default Address Address1,Default Address Address2,Default Address City,"
        "Default Address Province Code,Default Address Country Code,Default Address Zip,"
        "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags",
        {"First Name": FIRST, "Last Name": LAST, "Email": EMAIL, "Phone": PHONE, "Tags": TAGS},
    ),
}


LANGUAGES: dict[str, tuple[str, ...]] = {
    # first name, last name, phone, mobile, email, language, tags
    "English": ("First Name", "Last Name", "Telephone", "Mobile No.", "E-Mail", "Language", "Tags"),
    "Spanish": ("Nombre", "Apellidos", "Teléfono", "Móvil", "Correo electrónico", "Idioma", "Etiquetas"),
    "French": ("Prénom", "Nom", "Téléphone", "Portable", "Adresse e-mail", "Langue", "Étiquettes"),
    "German": ("Vorname", "Name", "Telefon", "Handy", "E-Mail", "Sprache", "Schlagwörter"),
    "Portuguese": ("Nome", "Sobrenome", "Telefone", "Telemóvel", "E-mail", "Idioma", "Etiquetas"),
    "Arabic": ("الاسم الأول", "اسم العائلة", "رقم الهاتف", "الجوال", "البريد الإلكتروني", "اللغة", "الوسوم"),
    "Urdu": ("پہلا نام", "آخری نام", "فون نمبر", "موبائل نمبر", "ای میل", "زبان", "ٹیگز"),
    "Indonesian": ("Nama Depan", "Nama Belakang", "Nomor Telepon", "Nomor HP", "Alamat Email", "Bahasa", "Tags"),
    "Malay": ("Nama Pertama", "Nama Akhir", "Nombor Telefon", "Telefon Bimbit", "E-mel", "Bahasa", "Tags"),
    "Chinese": ("名", "姓", "电话", "手机号码", "电子邮箱", "语言", "标签"),
}
